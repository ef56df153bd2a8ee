#pragma once
/// Runs AMX instructions on machines without AMX, for tests only: a SIGILL handler decodes the
/// instruction that the processor refused, does what it says to eight tiles kept per thread, and
/// continues behind it. Anything else keeps the default effect of SIGILL.
///
/// Meaning after Intel's description of TDPBF16PS: for each result two sums, over the even and the
/// odd elements of the rows, one fused multiply-add a pair in ascending order; their sum is added
/// to the tile. Every step rounds to nearest even and takes subnormals as zero, in and out.

namespace bafe {

/// True when AMX instructions can be executed now, natively or emulated. Needs AVX-512.
bool enable_amx();
/// Instructions emulated so far by this thread: 0 on a machine that has AMX.
long emulated_amx_instructions();
/// Are tiles configured on this thread (emulated ones only)?
bool amx_tiles_configured();

}  // namespace bafe
