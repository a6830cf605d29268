"""Every format, written here by hand as its specification says, and read back."""

import gzip
import struct
import sys
import types

import numpy as np
import pytest
from cnn_images import labels, pixels
from PIL import Image

from automl.core.errors import InvalidData, MissingExtra, UnknownName
from automl.trainers.cnn.data import read
from automl.trainers.cnn.data.cifar import CLASSES
from automl.trainers.cnn.data.named import VARIABLE


def write_idx(path, array):
    content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_mnist(folder, x, y, x_test, y_test, end=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    write_idx(folder / f"train-images-idx3-ubyte{end}", x)
    write_idx(folder / f"train-labels-idx1-ubyte{end}", y.astype(np.uint8))
    write_idx(folder / f"t10k-images-idx3-ubyte{end}", x_test)
    write_idx(folder / f"t10k-labels-idx1-ubyte{end}", y_test.astype(np.uint8))
    return folder


def write_cifar(folder, n=10):
    folder.mkdir(exist_ok=True)
    x, y = pixels(n, 3, 32, 32), (np.arange(n) % 10).astype(np.uint8)
    records = np.concatenate([y[:, None], x.reshape(n, -1)], axis=1)
    for name in ("data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"):
        (folder / name).write_bytes(records.tobytes())
    return x, y


def write_folder(root, x, y):
    for i, (image, label) in enumerate(zip(x, y, strict=True)):
        (root / f"class{label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(root / f"class{label}" / f"{i:03d}.png")


def test_no_data_means_the_digits_of_scikit_learn():
    source = read()
    assert source.train.pixels.shape == (1797, 1, 8, 8)
    assert (source.train.as_float().min(), source.train.as_float().max()) == (0.0, 1.0)
    assert np.bincount(source.train.labels).size == 10


@pytest.mark.parametrize("end", ["", ".gz"])
def test_idx_files_compressed_or_not(tmp_path, end):
    x, y, x_test, y_test = pixels(30, 5, 6), labels(), pixels(9, 5, 6), labels(9)
    source = read(write_mnist(tmp_path, x, y, x_test, y_test, end))
    np.testing.assert_array_equal(source.train.pixels[:, 0], x)
    np.testing.assert_array_equal(source.train.labels, y)
    assert source.test is not None
    np.testing.assert_array_equal(source.test.pixels[:, 0], x_test)
    assert source.train.as_float().max() <= 1.0


def test_one_idx_file_stands_for_its_folder(tmp_path):
    write_mnist(tmp_path, pixels(30, 5, 6), labels(), pixels(9, 5, 6), labels(9))
    assert len(read(tmp_path / "train-images-idx3-ubyte.gz").train) == 30


def test_named_data_are_found_through_the_environment(tmp_path, monkeypatch):
    write_mnist(tmp_path / "mnist", pixels(30, 5, 6), labels(), pixels(9, 5, 6), labels(9))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert len(read("mnist").train) == 30


def test_named_data_that_are_absent_say_where_they_were_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    with pytest.raises(InvalidData, match=str(tmp_path)) as caught:
        read("fashion-mnist")
    assert "apt install" in caught.value.hint


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'fashion-mnist'"):
        read("fashion_mnist")


def test_a_missing_path_suggests_its_neighbour(tmp_path):
    (tmp_path / "images.npz").touch()
    with pytest.raises(InvalidData, match=r"There is no file.*images\.npz"):
        read(tmp_path / "image.npz")


def test_cifar_records_are_planes_of_colour(tmp_path):
    x, y = write_cifar(tmp_path)
    source = read(tmp_path)
    np.testing.assert_array_equal(source.train.pixels, np.concatenate([x, x]))
    np.testing.assert_array_equal(source.train.labels, np.concatenate([y, y]))
    assert source.names == CLASSES
    assert source.test is not None
    assert len(source.test) == 10


def test_the_pickle_version_of_cifar_is_refused(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(InvalidData, match="pickles") as caught:
        read(tmp_path)
    assert "binary version" in caught.value.hint


def test_a_cifar_file_that_is_cut_off(tmp_path):
    write_cifar(tmp_path)
    batch = tmp_path / "data_batch_2.bin"
    batch.write_bytes(batch.read_bytes()[:-1])
    with pytest.raises(InvalidData, match=r"data_batch_2\.bin is cut off"):
        read(tmp_path)


def test_a_cifar_file_with_a_label_above_nine(tmp_path):
    write_cifar(tmp_path)
    content = bytearray((tmp_path / "data_batch_1.bin").read_bytes())
    content[0] = 10
    (tmp_path / "data_batch_1.bin").write_bytes(content)
    with pytest.raises(InvalidData, match="label 10"):
        read(tmp_path)


def test_folders_of_classes(tmp_path):
    x, y = pixels(6, 4, 5, 3), labels(6, 2)
    write_folder(tmp_path, x, y)
    source = read(str(tmp_path))
    assert source.names == ("class0", "class1")
    np.testing.assert_array_equal(source.train.pixels, x[np.argsort(y, kind="stable")].transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(source.train.labels, [0, 0, 0, 1, 1, 1])


def test_grey_images_have_one_channel(tmp_path):
    write_folder(tmp_path, pixels(6, 4, 5), labels(6, 2))
    assert read(tmp_path).train.shape == (1, 4, 5)


def test_folders_with_parts(tmp_path):
    for part, n in (("train", 6), ("val", 4), ("test", 2)):
        write_folder(tmp_path / part, pixels(n, 4, 5, 3), labels(n, 2))
    source = read(tmp_path)
    assert source.validation is not None
    assert source.test is not None
    assert [len(p) for p in (source.train, source.validation, source.test)] == [6, 4, 2]


def test_images_of_mixed_shape_name_the_file(tmp_path):
    write_folder(tmp_path, pixels(6, 4, 5, 3), labels(6, 2))
    write_folder(tmp_path, pixels(8, 6, 5, 3)[7:], [1])
    (tmp_path / "class1" / "000.png").rename(tmp_path / "class1" / "odd.png")
    with pytest.raises(InvalidData, match=r"odd\.png is 5x6"):
        read(tmp_path)


def test_a_file_that_is_no_image_is_named(tmp_path):
    write_folder(tmp_path, pixels(6, 4, 5, 3), labels(6, 2))
    (tmp_path / "class0" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(InvalidData, match=r"broken\.png cannot be read"):
        read(tmp_path)


def test_a_folder_without_images(tmp_path):
    with pytest.raises(InvalidData, match="no subfolders with images"):
        read(tmp_path)


def test_npz_of_one_set_and_of_parts(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, images=pixels(30, 4, 4), labels=labels())
    assert len(read(path).train) == 30
    np.savez(path, x_train=pixels(30, 4, 4), y_train=labels(), x_test=pixels(9, 4, 4), y_test=labels(9))
    source = read(path)
    assert source.validation is None
    assert source.test is not None
    assert len(source.test) == 9


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": [1.0]}, "no images with labels"),
        ({"x": np.zeros((4, 2, 2))}, "without labels"),
        ({"x": np.array([{}], dtype=object), "y": [0]}, "pickled objects"),
        ({"x": np.zeros((4, 2, 2)), "y": [0, 1, 0]}, "4 images, but 3 labels"),
        ({"x": np.zeros((0, 2, 2)), "y": np.zeros(0)}, "no images"),
        ({"x": np.zeros((2, 2)), "y": [0, 1]}, "3 or 4 axes"),
        ({"x": np.full((2, 2, 2), "a"), "y": [0, 1]}, "must be numbers"),
        ({"x": np.zeros((2, 2, 2)), "y": ["cat", "dog"]}, "whole numbers"),
        ({"x": np.zeros((2, 2, 2)), "y": np.zeros((2, 2, 2))}, "one number per image"),
        ({"x": np.full((2, 2, 2), np.nan), "y": [0, 1]}, "image 0 has NaN"),
        ({"x": np.array([[[1.0]], [[np.inf]]]), "y": [0, 1]}, "image 1 has NaN or infinite"),
        ({"x": np.zeros((2, 2, 2)), "y": [0, np.nan]}, "whole numbers"),
    ],
)
def test_arrays_that_cannot_be_trained_on(tmp_path, arrays, said):
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    with pytest.raises(InvalidData, match=said) as caught:
        read(path)
    assert "bad.npz" in caught.value.message


@pytest.mark.parametrize("content", [b"", b"no numpy file at all", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_npz(tmp_path, content):
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(InvalidData, match=r"bad\.npz"):
        read(path)


def test_an_npz_that_is_cut_off(tmp_path):
    path = tmp_path / "bad.npz"
    np.savez_compressed(path, x=pixels(30, 4, 4), y=labels())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InvalidData, match=r"bad\.npz"):
        read(path)


def test_idx_files_that_are_damaged(tmp_path):
    write_mnist(tmp_path, pixels(30, 5, 6), labels(), pixels(9, 5, 6), labels(9))
    path = tmp_path / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for content, said in (
        (whole[: len(whole) // 2], "truncated gzip"),
        (gzip.compress(b"\0\0\x0d\x03" + bytes(40)), "no IDX file of bytes"),
        (gzip.compress(gzip.decompress(whole)[:-1]), "cut off"),
        (gzip.compress(b"\0\0\x08\x03\0"), "cut off"),
        (b"", "no IDX file"),
    ):
        path.write_bytes(content)
        with pytest.raises(InvalidData, match=said):
            read(tmp_path)


def test_idx_images_without_labels(tmp_path):
    write_mnist(tmp_path, pixels(30, 5, 6), labels(), pixels(9, 5, 6), labels(9))
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(InvalidData, match="no labels beside it"):
        read(tmp_path)


def test_a_file_of_no_known_format(tmp_path):
    (tmp_path / "data.csv").write_text("1,2")
    with pytest.raises(InvalidData, match="no known format"):
        read(tmp_path / "data.csv")


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ((6, 5), (1, 6, 5)),
        ((1, 6, 5), (1, 6, 5)),
        ((3, 6, 5), (3, 6, 5)),
        ((6, 5, 3), (3, 6, 5)),
        ((6, 5, 1), (1, 6, 5)),
    ],
)
def test_the_channels_are_found_on_either_axis(given, read_as):
    x = pixels(30, *given)
    images = read((x, labels())).train
    assert images.shape == read_as
    assert images.pixels[7, -1, 2, 3] == (
        x[7, 2, 3, -1] if given[-1] == read_as[0] else x[7].reshape(read_as)[-1, 2, 3]
    )


def test_16_bit_images_come_into_the_unit_interval_and_floats_stay():
    deep = np.array([[[0]], [[65535]]], np.uint16)
    np.testing.assert_array_equal(read((deep, [0, 1])).train.as_float().ravel(), [0, 1])
    real = np.array([[[-3.5]], [[300.0]]])
    np.testing.assert_array_equal(read((real, [0, 1])).train.as_float().ravel(), [-3.5, 300.0])


def test_torch_data_sets_tensors_and_data_modules():
    import torch
    from pytorch_lightning import LightningDataModule
    from torch.utils.data import DataLoader, TensorDataset

    x, y = torch.rand(30, 1, 4, 5), torch.arange(30) % 3

    class Module(LightningDataModule):
        def setup(self, stage):
            self.set = TensorDataset(x, y)

        def train_dataloader(self):
            return DataLoader(self.set, batch_size=7, shuffle=True)

        def test_dataloader(self):
            return [(x[:4], y[:4]), (x[4:6], y[4:6])]

    for data in ((x, y), TensorDataset(x, y), Module(), {"x": x, "y": y}):
        source = read(data)
        np.testing.assert_array_equal(source.train.pixels, x.numpy())
        np.testing.assert_array_equal(source.train.labels, y.numpy())
    source = read(Module())
    assert source.validation is None
    assert source.test is not None
    np.testing.assert_array_equal(source.test.pixels, x[:6].numpy())


def test_items_of_a_data_set_with_mixed_shapes():
    import torch

    items = [(torch.zeros(1, 4, 4), 0), (torch.zeros(1, 4, 5), 1)]

    class Mixed:
        def __len__(self):
            return 2

        def __getitem__(self, i):
            return items[i]

    with pytest.raises(InvalidData, match="shapes"):
        read(Mixed())


@pytest.mark.parametrize("data", [3, object(), np.zeros((4, 2, 2)), [1, 2, 3]])
def test_objects_that_are_no_data(data):
    with pytest.raises(InvalidData, match="is no data set"):
        read(data)


def fake_torchvision(monkeypatch, root):
    class Toy:
        """Named like a data set of torchvision; its parts are called `split`."""

        def __init__(self, folder, *, split, download):
            assert not download
            if folder != str(root):
                raise RuntimeError("Dataset not found")
            self.n = {"train": 30, "test": 9}[split]

        def __len__(self):
            return self.n

        def __getitem__(self, i):
            return Image.fromarray(np.full((4, 5), i, np.uint8)), i % 3

    module = types.ModuleType("torchvision")
    module.datasets = types.SimpleNamespace(Toy=Toy)
    monkeypatch.setitem(sys.modules, "torchvision", module)


def test_torchvision_by_name(tmp_path, monkeypatch):
    fake_torchvision(monkeypatch, tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    source = read("torchvision:Toy")
    assert source.train.shape == (1, 4, 5)
    assert source.test is not None
    assert len(source.test) == 9
    with pytest.raises(UnknownName, match="Did you mean 'Toy'"):
        read("torchvision:Toi")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "nowhere"))
    with pytest.raises(InvalidData, match="finds no files of 'Toy'"):
        read("torchvision:Toy")


def test_without_torchvision_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MissingExtra, match=r"automl-search\[vision\]"):
        read("torchvision:MNIST")
