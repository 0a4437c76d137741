"""How long Splink 5 takes for the same two files, and how well it does.

    pip install 'splink>=5,<6'
    python crates/linkage/benches/beside_splink.py dataset4a.csv dataset4b.csv
    throughline bench identity dataset4a.csv dataset4b.csv

The settings are those of Splink's own example for FEBRL 4: the comparisons of names and dates that its library
has, several blocking rules, u by random sampling, two rounds of expectation–maximisation.
"""
import sys
import time

import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

frames = [pd.read_csv(f, skipinitialspace=True, dtype=str) for f in sys.argv[1:3]]
for frame in frames:
    frame.columns = [c.strip() for c in frame.columns]
    frame["unique_id"] = frame["rec_id"]
    frame["whose"] = frame["rec_id"].str.extract(r"rec-(\d+)-")[0]
rules = [
    block_on("given_name", "surname"),
    block_on("soc_sec_id"),
    block_on("postcode", "date_of_birth"),
    block_on("surname", "date_of_birth"),
    block_on("given_name", "date_of_birth"),
    block_on("street_number", "address_1"),
    block_on("surname", "postcode"),
    block_on("suburb", "given_name"),
]
began = time.time()
settings = SettingsCreator(
    link_type="link_only",
    unique_id_column_name="unique_id",
    comparisons=[
        cl.NameComparison("given_name"),
        cl.NameComparison("surname"),
        cl.LevenshteinAtThresholds("date_of_birth", [1, 2]),
        cl.LevenshteinAtThresholds("soc_sec_id", [1, 2]),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("address_1", [0.9]),
        cl.LevenshteinAtThresholds("postcode", [1]),
        cl.JaroWinklerAtThresholds("suburb", [0.9]),
    ],
    blocking_rules_to_generate_predictions=rules,
)
db = DuckDBAPI()
linker = Linker([db.register(f) for f in frames], settings, log_level="ERROR")
linker.training.estimate_probability_two_random_records_match(
    [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")], recall=0.9
)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
linker.training.estimate_parameters_using_expectation_maximisation(block_on("date_of_birth"))
linker.training.estimate_parameters_using_expectation_maximisation(block_on("postcode"))
found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
seconds = time.time() - began
whose = [found[f"unique_id_{side}"].str.extract(r"rec-(\d+)-")[0] for side in "lr"]
right, joined = int((whose[0] == whose[1]).sum()), len(found)
true = len(frames[0].merge(frames[1], on="whose"))
precision, recall = right / max(joined, 1), right / true
print(f"Splink: {seconds:.2f} s, precision {precision:.5f}, recall {recall:.5f}, F1 {2 * precision * recall / (precision + recall):.5f}")
