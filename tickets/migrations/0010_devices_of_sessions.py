"""A device is told as long as the session lasts in which it was asked for. Of those before nobody knows which that was."""

import django.db.models.deletion
from django.db import migrations, models


def forget_devices(apps, schema_editor):
    apps.get_model("tickets", "PushSubscription").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("sessions", "0001_initial"),
        ("tickets", "0009_snoozing_is_an_act"),
    ]

    operations = [
        migrations.RunPython(forget_devices, migrations.RunPython.noop),
        migrations.AddField(
            model_name="pushsubscription",
            name="session",
            field=models.ForeignKey(
                default="", on_delete=django.db.models.deletion.CASCADE, related_name="+", to="sessions.session"
            ),
            preserve_default=False,
        ),
    ]
