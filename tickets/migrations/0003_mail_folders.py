"""A mailbox may have several folders: where each mailbox was, its one folder is now."""

from django.db import migrations


def folders_of_their_own(apps, schema_editor):
    Mailbox, MailFolder = apps.get_model("tickets", "Mailbox"), apps.get_model("tickets", "MailFolder")
    MailFolder.objects.bulk_create(
        MailFolder(mailbox=box, name=box.folder, uidvalidity=box.uidvalidity, last_uid=box.last_uid)
        for box in Mailbox.objects.all()
    )


def back_into_the_mailbox(apps, schema_editor):
    for folder in apps.get_model("tickets", "MailFolder").objects.order_by("-pk").select_related("mailbox"):
        box = folder.mailbox
        box.folder, box.uidvalidity, box.last_uid = folder.name, folder.uidvalidity, folder.last_uid
        box.save()


class Migration(migrations.Migration):
    dependencies = [("tickets", "0002_email")]
    operations = [
        migrations.RunPython(folders_of_their_own, back_into_the_mailbox),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveField("mailbox", "folder"),
        migrations.RemoveField("mailbox", "last_uid"),
        migrations.RemoveField("mailbox", "uidvalidity"),
    ]
