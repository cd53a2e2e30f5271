-- One row for each site: who leads, in which epoch, and until when by the clock of this database.
CREATE TABLE IF NOT EXISTS edgectl_lease (
    site       text PRIMARY KEY,
    holder     text NOT NULL,
    epoch      bigint NOT NULL,
    beat       bigint NOT NULL,
    ttl_ns     bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    returned   boolean NOT NULL DEFAULT false
);
-- An epoch only grows, whoever writes: not even a hand that repairs the table takes it back.
CREATE OR REPLACE FUNCTION edgectl_lease_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch < OLD.epoch THEN
        RAISE EXCEPTION 'the epoch of a lease only grows: % to %', OLD.epoch, NEW.epoch;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER edgectl_lease_grows BEFORE UPDATE ON edgectl_lease
    FOR EACH ROW EXECUTE FUNCTION edgectl_lease_grows();
