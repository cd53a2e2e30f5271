"""What Postgres, the network and TLS say, as one of our errors: the one table for all of it."""

import ssl

import asyncpg

from edgectl.model.said import plainly
from edgectl.sync.dsn import Address
from edgectl.sync.errors import CentreAway, CentreError, CentreRefuses, RowRefused

_WAIT = "work goes on; what happened is kept and sent when it answers"
_AWAY: tuple[tuple[type[Exception], str, str], ...] = (
    (asyncpg.ReadOnlySQLTransactionError, "the centre at {} takes no writes now: {}", "is it a standby? " + _WAIT),
    (asyncpg.DiskFullError, "the disk of the centre at {} is full: {}", "make room there; " + _WAIT),
    (asyncpg.OutOfMemoryError, "the centre at {} has no memory left: {}", _WAIT),
    (
        asyncpg.TooManyConnectionsError,
        "the centre at {} has too many connections: {}",
        "it may need a pooler; " + _WAIT,
    ),
    (asyncpg.CannotConnectNowError, "the centre at {} is starting or ending: {}", _WAIT),
    (asyncpg.QueryCanceledError, "the centre at {} took too long: {}", _WAIT),
    (asyncpg.IdleInTransactionSessionTimeoutError, "the centre at {} hung up: {}", _WAIT),
    (asyncpg.OperatorInterventionError, "the centre at {} ended the session: {}", _WAIT),
    (asyncpg.LockNotAvailableError, "the centre at {} is busy with this site's journal: {}", _WAIT),
    (asyncpg.TransactionRollbackError, "the centre at {} asks to try again: {}", _WAIT),
    (asyncpg.PostgresSystemError, "the centre at {} has trouble with its machine: {}", _WAIT),
    (asyncpg.InternalServerError, "the centre at {} has trouble with itself: {}", _WAIT),
)
_REFUSED: tuple[tuple[type[Exception], str, str], ...] = (
    (
        asyncpg.InvalidPasswordError,
        "the centre at {} does not take this role's password: {}",
        "edgectl central enrol gives a new one; put it into the credential file and restart",
    ),
    (
        asyncpg.InvalidAuthorizationSpecificationError,
        "the centre at {} does not let this role in: {}",
        "is the site enrolled there, and does pg_hba.conf let it in? edgectl central enrol",
    ),
    (
        asyncpg.InvalidCatalogNameError,
        "there is no such database at {}: {}",
        "edgectl central migrate makes its tables",
    ),
    (
        asyncpg.InsufficientPrivilegeError,
        "the centre at {} does not allow this: {}",
        "edgectl central migrate sets the rights, edgectl central enrol the role",
    ),
)
_SCHEMA = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedFunctionError,
)


def translate(error: BaseException, where: Address) -> CentreError:
    """One error of a library as one of ours, with what to do next."""
    said = plainly(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return CentreRefuses(
            f"the certificate of the centre at {where} is not believed: {error.verify_message}",
            "renew it there, or give sslrootcert in the connection string; the clock of this machine counts too",
        )
    if isinstance(error, _SCHEMA):
        return CentreRefuses(f"the schema of the centre at {where} is not ready: {said}", "edgectl central migrate")
    for kind, sentence, hint in _REFUSED:
        if isinstance(error, kind):
            return CentreRefuses(sentence.format(where, said), hint)
    for kind, sentence, hint in _AWAY:
        if isinstance(error, kind):
            return CentreAway(sentence.format(where, said), hint)
    if isinstance(error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError):
        return RowRefused(f"the centre at {where} does not take a value: {said}", "it is kept here; see the log")
    if isinstance(error, TimeoutError):
        return CentreAway(f"the centre at {where} does not answer", _WAIT)
    return CentreAway(f"the centre at {where} cannot be reached: {said}", _WAIT)
