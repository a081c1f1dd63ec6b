from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def as_the_survey_says_now(apps, schema_editor):
    survey = apps.get_model("feedback", "Survey").objects.filter(pk=OuterRef("survey"))
    apps.get_model("feedback", "Ballot").objects.update(valid_days=Subquery(survey.values("valid_days")[:1]))


class Migration(migrations.Migration):
    dependencies = [("feedback", "0006_asking")]

    operations = [
        migrations.AddField("ballot", "valid_days", models.PositiveSmallIntegerField(default=30)),
        migrations.RunPython(as_the_survey_says_now, migrations.RunPython.noop, elidable=True),
    ]
