"""Static files under names that carry their content's hash, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    """Also rewrites the imports between our ES modules; a file nobody collected keeps its plain name."""

    support_js_module_import_aggregation = True
    manifest_strict = False
