"""Model files from strangers: what is wrong is said in one line, and nothing of theirs runs."""

import io
import os
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary_subs.canary import archive, models
from canary_subs.canary.load import load
from canary_subs.errors import ModelError, UnknownName


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {
            info.name.removeprefix("./"): stream.read()
            for info in tar
            if (stream := tar.extractfile(info)) is not None
        }


def pack(path: Path, files: dict[str, bytes], *extra: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in extra:
            tar.addfile(info)
    return path


def with_config(
    files: dict[str, bytes], change: Callable[[dict[str, Any]], None]
) -> dict[str, bytes]:
    config = yaml.safe_load(files[archive.CONFIG])
    change(config)
    return {**files, archive.CONFIG: yaml.safe_dump(config).encode()}


def refused(path: Path, *words: str) -> None:
    """Reading it fails with one line that holds these words."""
    with pytest.raises(ModelError) as caught:
        archive.read_archive(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    for word in words:
        assert word in message


def test_an_honest_file_tells_what_it_is(tiny_file: Path) -> None:
    found = archive.read_archive(tiny_file)
    assert found.languages == ("de", "en", "es", "fr")
    assert found.prompt == "canary2"
    assert found.ctc_config is None
    assert found.has_frame_tokens
    assert len(found.fingerprint) == 12


def test_two_models_have_two_fingerprints(tiny_file: Path, tmp_path: Path) -> None:
    files = members(tiny_file)
    same = pack(tmp_path / "same.nemo", files)
    weights = bytearray(files[archive.WEIGHTS])
    weights[len(weights) // 2] ^= 1
    other = pack(tmp_path / "other.nemo", {**files, archive.WEIGHTS: bytes(weights)})
    assert archive.read_archive(same).fingerprint == archive.read_archive(tiny_file).fingerprint
    assert archive.read_archive(other).fingerprint != archive.read_archive(tiny_file).fingerprint


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    refused(tmp_path / "none.nemo", "no such model file")
    refused(tmp_path, "not a file")


@pytest.mark.parametrize("content", [b"", b"not a tar" * 100, os.urandom(20_000)])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.nemo"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_truncated_file(tiny_file: Path, tmp_path: Path, share: float) -> None:
    data = tiny_file.read_bytes()
    path = tmp_path / "cut.nemo"
    path.write_bytes(data[: int(len(data) * share) - 20_000])
    refused(path, "get it again")


@pytest.mark.parametrize("name", ["../evil.yaml", "/etc/evil", "a/../../evil", "..\\evil"])
def test_members_that_point_out_of_the_archive(tiny_file: Path, tmp_path: Path, name: str) -> None:
    refused(pack(tmp_path / "m.nemo", {**members(tiny_file), name: b"x"}), "points out")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_links_and_devices(tiny_file: Path, tmp_path: Path, kind: bytes) -> None:
    link = tarfile.TarInfo("tokenizer.link")
    link.type, link.linkname = kind, "/etc/passwd"
    refused(pack(tmp_path / "m.nemo", members(tiny_file), link), "link or device")


def test_a_bomb(tiny_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "bomb.nemo"
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo(archive.WEIGHTS)
        info.size = 50_000_000
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    refused(path, "unpack to more")


@pytest.mark.parametrize(
    "target", ["os.system", "subprocess.run", "builtins.eval", "nemo.utils.exp_manager.exp_manager"]
)
def test_foreign_classes(tiny_file: Path, tmp_path: Path, target: str) -> None:
    def change(config: dict[str, Any]) -> None:
        config["encoder"]["_target_"] = target

    refused(pack(tmp_path / "m.nemo", with_config(members(tiny_file), change)), "foreign class")


def test_another_kind_of_model(tiny_file: Path, tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        config["target"] = "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE"

    refused(pack(tmp_path / "m.nemo", with_config(members(tiny_file), change)), "not a Canary")


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd"])
def test_a_tokenizer_outside_of_the_archive(tiny_file: Path, tmp_path: Path, path: str) -> None:
    def change(config: dict[str, Any]) -> None:
        config["tokenizer"]["langs"]["en"]["model_path"] = path

    refused(pack(tmp_path / "m.nemo", with_config(members(tiny_file), change)), "outside")

    def hide(config: dict[str, Any]) -> None:
        config["tokenizer"]["langs"]["en"]["model_path"] = "nemo:" + path

    refused(pack(tmp_path / "n.nemo", with_config(members(tiny_file), hide)), "lacks")


def test_a_configuration_that_builds_objects_while_it_is_read(
    tiny_file: Path, tmp_path: Path
) -> None:
    config = members(tiny_file)[archive.CONFIG] + b"\nx: !!python/object/apply:os.getcwd []\n"
    files = {**members(tiny_file), archive.CONFIG: config}
    refused(pack(tmp_path / "m.nemo", files), archive.CONFIG, "can be read")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (os.environ["CANARY_SUBS_TEST_TRAP"],))


def test_code_in_the_weights_does_not_run(
    tiny_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    monkeypatch.setenv("CANARY_SUBS_TEST_TRAP", str(trap))
    # With this set, NeMo's own restoring would run it.
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    import torch

    buffer = io.BytesIO()
    torch.save({"encoder.weight": Evil()}, buffer)
    for weights in (buffer.getvalue(), pickle.dumps(Evil())):
        path = pack(tmp_path / "m.nemo", {**members(tiny_file), archive.WEIGHTS: weights})
        with pytest.raises(ModelError) as caught:
            load(path)
        assert "\n" not in str(caught.value)
        assert not trap.exists()


def test_weights_of_another_model(tiny_file: Path, tmp_path: Path) -> None:
    import torch

    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(3)}, buffer)
    path = pack(tmp_path / "m.nemo", {**members(tiny_file), archive.WEIGHTS: buffer.getvalue()})
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(path)


def test_loading_leaves_no_trace(
    tiny_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    from nemo.utils.app_state import AppState

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    loaded = load(tiny_file)
    assert Path.cwd() == tmp_path
    assert list(tmp_path.iterdir()) == []
    assert AppState().model_restore_path is None
    assert not loaded.model.training
    assert loaded.ctc is None


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert models.find("canary-1b-v2").name == "nvidia/canary-1b-v2"
    assert models.find("nvidia/canary-1b").commercial is False
    with pytest.raises(UnknownName, match="canary-1b-flash"):
        models.find("canary-1b-flahs")
    with pytest.raises(ModelError, match="no such model file"):
        models.find(str(tmp_path / "none.nemo"))


def test_offline_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError) as caught:
        models.locate("nvidia/canary-180m-flash")
    message = str(caught.value)
    assert "--fetch nvidia/canary-180m-flash" in message and "HF_HUB_OFFLINE" in message
    assert "\n" not in message
    assert not list(tmp_path.rglob("*.nemo"))
