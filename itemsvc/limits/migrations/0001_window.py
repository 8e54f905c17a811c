from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Window",
            fields=[
                ("key", models.UUIDField(primary_key=True, serialize=False)),
                ("used", models.IntegerField()),
                ("ends_at", models.DateTimeField()),
            ],
        ),
        # Django cannot create an unlogged table. The change locks nobody out, because the table is new and empty.
        migrations.RunSQL("ALTER TABLE limits_window SET UNLOGGED", migrations.RunSQL.noop),
    ]
