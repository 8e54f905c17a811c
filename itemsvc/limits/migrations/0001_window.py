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
        # Django knows no unlogged table. This one is empty, and nobody waits for it yet.
        migrations.RunSQL("ALTER TABLE limits_window SET UNLOGGED", migrations.RunSQL.noop),
    ]
