"""Sources, engines and all else that need no model: the fakes of canary_subs.testing."""

from canary_subs.testing import Fakes

fakes = Fakes()
canary_subs_sources = fakes.canary_subs_sources
canary_subs_segmenters = fakes.canary_subs_segmenters
canary_subs_engines = fakes.canary_subs_engines
canary_subs_aligners = fakes.canary_subs_aligners
canary_subs_layouts = fakes.canary_subs_layouts
canary_subs_writers = fakes.canary_subs_writers
