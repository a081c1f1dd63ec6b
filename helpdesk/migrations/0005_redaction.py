"""The ledger stays as it is, save for the one change the law may ask for: what tells who somebody is leaves its facts."""

from django.db import migrations

GUARD = """
CREATE OR REPLACE FUNCTION helpdesk_ledger_stays() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('helpdesk.redacting', true) = 'yes'
        AND (NEW.id, NEW.at, NEW.verb, NEW.stream_id, NEW.subject_type, NEW.subject_id, NEW.actor_id, NEW.cause)
        IS NOT DISTINCT FROM
            (OLD.id, OLD.at, OLD.verb, OLD.stream_id, OLD.subject_type, OLD.subject_id, OLD.actor_id, OLD.cause)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The ledger is only ever added to.';
END $$;
"""
BEFORE = """
CREATE OR REPLACE FUNCTION helpdesk_ledger_stays() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'The ledger is only ever added to.'; END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0004_access")]

    operations = [migrations.RunSQL(GUARD, BEFORE)]
