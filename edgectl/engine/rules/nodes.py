"""What nodes behind a broker tell besides readings and answers: it is written down, and some of it calls a person."""

from edgectl.engine.draft import Draft
from edgectl.model.command import Command
from edgectl.model.inputs import NodeNews, Reply


def told(draft: Draft, news: NodeNews) -> None:
    """One line of the timeline. A node that is not what the site file means is an alarm until it is."""
    draft.note(news.what, device=news.device, **news.details)
    if news.what == "NODE_DIFFERS":
        draft.alert(
            "biz_config_error",
            news.device,
            f"{news.device}: {news.details.get('why', 'it does not fit the site file')}",
            f"compare node and site file; until they agree {news.device} is neither believed nor switched on",
        )
    elif news.what == "NODE_LACKS":
        lacks = ", ".join(news.details.get("outputs", ()))
        draft.alert(
            "biz_config_error",
            news.device,
            f"{news.device} reports that it has no {lacks}, which the site file uses",
            "compare the channels of the node with the site file; it will refuse what is ordered there",
        )
    elif news.what == "NODE_FITS":
        draft.calm("biz_config_error", news.device)


def refused(draft: Draft, reply: Reply, command: Command) -> None:
    """A node named the reason why it does not carry out an order."""
    if reply.code:
        draft.note(
            "NODE_REFUSED",
            task_id=command.task_id,
            zone=command.zone,
            cmd_id=command.cmd_id,
            actuator=command.actuator,
            error_code=reply.code,
            terminal_status=reply.status.value,
            evidence=reply.evidence,
        )
