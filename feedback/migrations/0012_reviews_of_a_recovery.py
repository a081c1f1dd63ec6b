import django.db.models.deletion
from django.db import migrations, models

#: the bad reviews on the ticket of a recovery that a review opened belong to the last such recovery
FIRST = """
    INSERT INTO feedback_recoveryreview (recovery_id, message_id)
    SELECT DISTINCT ON (m.id) r.id, m.id FROM feedback_recovery r
        JOIN tickets_message m ON m.ticket_id = r.ticket_id AND m.created_at <= r.opened_at
        JOIN tickets_channelmessage c ON c.message_id = m.id AND c.part = 0
        JOIN feedback_reviewrule u ON u.inbox_id = c.inbox_id
    WHERE r.source = 'review' AND jsonb_typeof(c.facts -> 'stars') = 'number'
        AND (c.facts ->> 'stars')::numeric <= u.up_to
    ORDER BY m.id, r.id DESC
"""


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0011_doubtful_answers"),
        ("tickets", "0019_messages_of_our_own_accord"),
    ]

    operations = [
        migrations.CreateModel(
            name="RecoveryReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "message",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="recovery_review",
                        to="tickets.message",
                    ),
                ),
                (
                    "recovery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reviews", to="feedback.recovery"
                    ),
                ),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.RunSQL(FIRST, migrations.RunSQL.noop),
    ]
