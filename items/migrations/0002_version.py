from django.db import migrations, models

COUNT_VERSIONS = """
    CREATE FUNCTION items_item_count_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.version := OLD.version + 1;
        RETURN NEW;
    END $$;
    CREATE TRIGGER items_item_count_version BEFORE UPDATE ON items_item
        FOR EACH ROW EXECUTE FUNCTION items_item_count_version();
"""
COUNT_NO_VERSIONS = """
    DROP TRIGGER items_item_count_version ON items_item;
    DROP FUNCTION items_item_count_version();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('items', '0001_initial'),
    ]

    operations = [
        # A constant default: no row is rewritten, and code that does not know the column can go on inserting.
        migrations.AddField(
            model_name='item',
            name='version',
            field=models.BigIntegerField(db_default=1, editable=False),
        ),
        migrations.RunSQL(COUNT_VERSIONS, COUNT_NO_VERSIONS),
    ]
