from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from alert_analytics.errors import BundleError
from alert_analytics.scoring import Manifest
from alert_analytics.scoring.manifest import features_hash

MANIFEST = Manifest(
    schema_version=1,
    detector="pca",
    parameters={"variance": 0.9},
    feature_names=("cpu", "Größe"),
    features_hash=features_hash(["cpu", "Größe"]),
    features=({"name": "cpu", "unit": "%"}, {"name": "Größe", "unit": "1"}),
    windows={"kind": "metric", "length": 10, "entity": None},
    alpha=0.01,
    delta=0.05,
    n=1000,
    n_eff=812.3456789012345,
    k=4,
    threshold=float(np.nextafter(0.1, 1)),
    exponent=0.41195838,
    training={"n": 500, "start": "2025-01-01T00:00:00", "end": 7},
    calibration={"n": 1000, "start": None, "end": None},
    entities=("db", "web"),
    band_share=0.0,
    certificate=None,
    versions={"numpy": "2.4.6"},
)


def test_a_manifest_goes_through_metadata_unchanged_to_the_last_bit() -> None:
    metadata = MANIFEST.to_metadata()
    assert set(metadata) == {field.name for field in fields(Manifest)}
    assert all(isinstance(text, str) for text in metadata.values())
    assert Manifest.from_metadata(metadata, "here") == MANIFEST
    assert Manifest.from_metadata(metadata | {"author": "someone"}, "here") == MANIFEST


def test_the_hash_is_of_the_names_in_their_order() -> None:
    assert features_hash(["a", "b"]) == "3554d2b8a1e34099053865de8576d1460b807430ec8c6b85315c9607ba93d308"
    assert features_hash(["b", "a"]) != features_hash(["a", "b"])
    assert features_hash(["a,b"]) != features_hash(["a", "b"])


@pytest.mark.parametrize("name", [field.name for field in fields(Manifest)])
def test_each_entry_is_needed(name: str) -> None:
    metadata = MANIFEST.to_metadata()
    del metadata[name]
    with pytest.raises(BundleError, match=rf"^m\.onnx: no model of this library \(its metadata lacks {name}\)\. Hint"):
        Manifest.from_metadata(metadata, "m.onnx")


def test_a_later_version_is_named_whatever_entries_it_has() -> None:
    later = {"schema_version": "2", "something": "new"}
    for metadata in (later, MANIFEST.to_metadata() | later):
        with pytest.raises(BundleError, match=r"a bundle of version 2; this library reads version 1\. Hint: upgrade"):
            Manifest.from_metadata(metadata, "m.onnx")


@pytest.mark.parametrize(
    ("entry", "text"), [("alpha", "{"), ("feature_names", "3"), ("features", "null"), ("parameters", "")]
)
def test_an_entry_that_is_no_json_or_no_list(entry: str, text: str) -> None:
    with pytest.raises(BundleError, match=r"m\.onnx: its metadata cannot be read \("):
        Manifest.from_metadata(MANIFEST.to_metadata() | {entry: text}, "m.onnx")


def test_names_that_do_not_match_their_hash() -> None:
    for names in ('["Größe", "cpu"]', '["cpu"]', '["cpu", "size"]'):
        with pytest.raises(BundleError, match="the feature names do not match their hash"):
            Manifest.from_metadata(MANIFEST.to_metadata() | {"feature_names": names}, "m.onnx")


def test_a_certificate_travels_as_it_is() -> None:
    certified = replace(MANIFEST, certificate={"status": "certified", "m": 3})
    assert Manifest.from_metadata(certified.to_metadata(), "x").certificate == {"status": "certified", "m": 3}
    assert json.loads(certified.to_metadata()["certificate"]) == {"m": 3, "status": "certified"}
