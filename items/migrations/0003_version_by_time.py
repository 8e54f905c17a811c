from django.db import migrations

# A database that is restored to an earlier state counts from there; numbers that it gave before the restore must not
# come again, or an ETag from then would match what somebody has changed since. The clock does not go back with it.
COUNT_VERSIONS_BY_TIME = """
    CREATE OR REPLACE FUNCTION items_item_count_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.version := greatest(OLD.version + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint);
        RETURN NEW;
    END $$;
"""
COUNT_VERSIONS = """
    CREATE OR REPLACE FUNCTION items_item_count_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.version := OLD.version + 1;
        RETURN NEW;
    END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('items', '0002_version'),
    ]

    operations = [
        migrations.RunSQL(COUNT_VERSIONS_BY_TIME, COUNT_VERSIONS),
    ]
