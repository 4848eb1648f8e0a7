"""Reads an interval log with the PyPI package `hdrhistogram` and prints, for each tag, the
percentiles of all its intervals together, as one JSON object. Values are nanoseconds."""

import json
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

LOWEST, HIGHEST, DIGITS = 1_000, 120_000_000_000, 3


def main(path):
    reader = HistogramLogReader(path, HdrHistogram(LOWEST, HIGHEST, DIGITS))
    merged = {}
    while (interval := reader.get_next_interval_histogram()) is not None:
        whole = merged.setdefault(
            interval.get_tag() or "", HdrHistogram(LOWEST, HIGHEST, DIGITS)
        )
        whole.add(interval)
    figures = {
        tag: {
            "count": whole.get_total_count(),
            "p50": whole.get_value_at_percentile(50),
            "p90": whole.get_value_at_percentile(90),
            "p99": whole.get_value_at_percentile(99),
            "max": whole.get_max_value(),
        }
        for tag, whole in merged.items()
    }
    print(json.dumps(figures))


main(sys.argv[1])
