"""All probes, in the order in which they run: what matters most comes first."""

from lwfd.probe import Probe
from lwfd.probes import buses, changesets, conditions, crawls, defaults, foreign, grants, hybrid, keys, studio

PROBES: list[Probe] = [probe for module in (grants, foreign, defaults, hybrid, crawls, keys, buses, changesets,
                                            conditions, studio) for probe in module.PROBES]
