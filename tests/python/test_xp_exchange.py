"""Arrays of bafe.xp and other libraries on the same memory."""

import bafe
import bafe.xp as xp
import numpy as np
import pytest

DTYPES = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()


@pytest.mark.parametrize("name", DTYPES)
def test_numpy_arrays_come_and_go_without_copies(name):
    a = np.arange(6, dtype=name).reshape(2, 3)
    x = xp.from_dlpack(a)
    assert x.dtype == a.dtype and x.shape == (2, 3)
    a[0, 0] = 7
    assert int(x[0, 0]) == 7
    y = xp.asarray([1, 2, 3], dtype=getattr(xp, name))
    b = np.from_dlpack(y)
    y[0] = 9
    assert b.tolist() == [9, 2, 3]
    assert np.shares_memory(np.asarray(y), b) and np.shares_memory(y.numpy(), b)


def test_strides_survive_and_copies_are_copies():
    a = np.arange(12.0).reshape(3, 4)[::-1, ::2]
    x = xp.from_dlpack(a)
    assert np.shares_memory(np.asarray(x), a) and np.array_equal(np.asarray(x), a)
    assert np.array_equal(np.asarray(x + x), a + a)
    assert not np.shares_memory(np.asarray(xp.from_dlpack(a, copy=True)), a)
    assert not np.shares_memory(np.asarray(xp.asarray(a, copy=True)), a)
    assert np.shares_memory(np.asarray(xp.asarray(a)), a)
    with pytest.raises(ValueError, match="without a copy|by a copy"):
        xp.asarray(a, dtype=xp.float32, copy=False)
    with pytest.raises(ValueError, match="without a copy"):
        xp.asarray([1, 2], copy=False)


def test_the_device_is_the_cpu_and_others_are_refused():
    x = xp.ones(2)
    assert x.__dlpack_device__() == (1, 0) and x.device == "cpu"
    assert x.to_device("cpu") is x
    for call in (
        lambda: x.to_device("cuda"),
        lambda: xp.zeros(2, device="gpu"),
        lambda: xp.from_dlpack(np.ones(2), device="gpu"),
        lambda: xp.from_dlpack([1, 2]),
    ):
        with pytest.raises(bafe.DTypeError, match=r"\n  fix: "):
            call()
    with pytest.raises(BufferError, match="no streams"):
        x.__dlpack__(stream=1)
    with pytest.raises(BufferError, match="on the CPU"):
        x.__dlpack__(dl_device=(2, 0))


def test_arrays_of_a_gpu_are_refused():
    class Elsewhere:
        def __dlpack_device__(self):
            return 2, 0

        def __dlpack__(self, **how):
            raise AssertionError("not asked for")

    with pytest.raises(bafe.DTypeError, match="another device"):
        xp.from_dlpack(Elsewhere())


def test_torch_shares_memory():
    torch = pytest.importorskip("torch")
    t = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    x = xp.from_dlpack(t)
    t[0, 0] = 5
    assert float(x[0, 0]) == 5
    x[1, 2] = -1
    assert float(t[1, 2]) == -1
    y = xp.ones(3, dtype=xp.float32)
    back = torch.from_dlpack(y)
    back[1] = 4
    assert np.asarray(y).tolist() == [1, 4, 1]
    with pytest.raises(bafe.DTypeError, match="detach"):
        xp.from_dlpack(torch.ones(2, requires_grad=True))


def test_jax_shares_memory():
    jax = pytest.importorskip("jax")
    j = jax.numpy.arange(4.0)
    x = xp.from_dlpack(j)
    assert np.asarray(x).__array_interface__["data"][0] == j.unsafe_buffer_pointer()
    y = xp.ones(64, dtype=xp.float32)
    back = jax.dlpack.from_dlpack(y)
    assert back.sum() == 64
