"""Static files under names that carry their content's hash, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    """Also rewrites the imports between our ES modules; a file nobody collected keeps its plain name."""

    support_js_module_import_aggregation = True
    #: ours alone: in other people's comments words like import("../htmx") are types, not files
    _js_module_import_aggregation_patterns = (
        "*helpdesk/js/*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )
    manifest_strict = False
    #: a name changes with the names in it: as many times as our modules are deep, and some more
    max_post_process_passes = 20
