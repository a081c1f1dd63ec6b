"""How words are taken apart for search: as they are written, without accents; the same on every PostgreSQL."""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

CONFIGURATION = """
    CREATE TEXT SEARCH CONFIGURATION helpdesk (COPY = simple);
    ALTER TEXT SEARCH CONFIGURATION helpdesk
        ALTER MAPPING FOR asciiword, asciihword, hword_asciipart, word, hword, hword_part, numword, numhword,
            hword_numpart
        WITH unaccent, simple;
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0005_deleted_customer_notes")]

    operations = [
        migrations.RunSQL(CONFIGURATION, "DROP TEXT SEARCH CONFIGURATION helpdesk"),
        # entries are collected and put into the index together: four times as fast, and a search reads 2 MB more
        migrations.RemoveIndex(model_name="searchdocument", name="search_vector"),
        migrations.AddIndex(
            model_name="searchdocument",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=True, fields=["vector"], gin_pending_list_limit=2048, name="search_vector"
            ),
        ),
        migrations.CreateModel(
            name="StaleDocument",
            fields=[
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="+",
                        serialize=False, to="tickets.ticket",
                    ),
                ),
            ],
        ),
    ]  # fmt: skip
