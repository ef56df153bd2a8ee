#pragma once
/// Coefficients of elementary functions, lowest power first, as C literals.
/// Made by benchmarks/tools/math_coefficients.py; do not edit.

namespace bafe {

/// exp for float; error 2^-23.9.
inline constexpr const char* kExpF32[] = {
    "0x1.0000000000000p-1", "0x1.5554dcf88fd17p-3",  "0x1.5555192d5f5dep-5",
    "0x1.120b6e42d2112p-7", "0x1.6d11093a17fd8p-10",
};
/// (tanh(x) / x - 1) / x^2 in x^2 for |x| <= 0.66; error 2^-23.7.
inline constexpr const char* kTanhF32[] = {
    "-0x1.55555074b247ap-2", "0x1.110cad655d378p-3",  "-0x1.b8d3338f432e8p-5",
    "0x1.55224d2244b2dp-6",  "-0x1.7fadbdb0f5a25p-8",
};
/// exp in double for float results; error 2^-29.4.
inline constexpr const char* kExpMid[] = {
    "0x1.0000000b9129bp-1", "0x1.5555555a78ed4p-3",  "0x1.5554e9063586ep-5",
    "0x1.1110e0f238322p-7", "0x1.6d43246b523b4p-10", "0x1.a124f19fe89acp-13",
};
/// exp for double; error 2^-59.3.
inline constexpr const char* kExpF64[] = {
    "0x1.0000000000000p-1",  "0x1.5555555555557p-3",  "0x1.5555555555556p-5",
    "0x1.11111111100dcp-7",  "0x1.6c16c16c162d4p-10", "0x1.a01a01abe7fe1p-13",
    "0x1.a01a01a6d889cp-16", "0x1.71de0231960ebp-19", "0x1.27e4db646b17ep-22",
    "0x1.af4de97ca4194p-26", "0x1.1f730349868cep-29",
};
/// log in double for float results; error 2^-37.0.
inline constexpr const char* kLogMid[] = {
    "0x1.5555555564fdap-1", "0x1.999998ca249fbp-2", "0x1.249324907dae3p-2",
    "0x1.c67a84e8a4ba0p-3", "0x1.8c92867b49a01p-3",
};
/// log for double; error 2^-58.7.
inline constexpr const char* kLogF64[] = {
    "0x1.5555555555555p-1", "0x1.9999999999a39p-2", "0x1.2492492476a1ap-2", "0x1.c71c7201a55d7p-3",
    "0x1.745cf8e4bba1bp-3", "0x1.3b1c3c1c81c8fp-3", "0x1.0fbde0f4ad17bp-3", "0x1.0c0aff044a970p-3",
};
/// log for pow in double; error 2^-58.9.
inline constexpr const char* kLogTail[] = {
    "0x1.999999999999ap-2", "0x1.2492492492522p-2", "0x1.c71c71c6ea5acp-3", "0x1.745d177ad436ap-3",
    "0x1.3b1395b82701ep-3", "0x1.1118cd67251c5p-3", "0x1.df7ba1f4809c3p-4", "0x1.e03a7acf07f85p-4",
};
/// sin in double for float results; error 2^-35.0.
inline constexpr const char* kSinMid[] = {
    "-0x1.555555545dd83p-3",
    "0x1.11110deeb33b2p-7",
    "-0x1.a013a6edc8f34p-13",
    "0x1.6dbdd26f56d2dp-19",
};
/// cos in double for float results; error 2^-38.6.
inline constexpr const char* kCosMid[] = {
    "0x1.5555555502be6p-5",
    "-0x1.6c16bf5495185p-10",
    "0x1.a015c40ec65ecp-16",
    "-0x1.25242a3a17327p-22",
};
/// sin for double; error 2^-66.2.
inline constexpr const char* kSinF64[] = {
    "-0x1.5555555555555p-3",  "0x1.1111111111110p-7",   "-0x1.a01a01a019936p-13",
    "0x1.71de3a54605eep-19",  "-0x1.ae64541266378p-26", "0x1.61217ec01749dp-33",
    "-0x1.ab17a79237a19p-41",
};
/// cos for double; error 2^-70.4.
inline constexpr const char* kCosF64[] = {
    "0x1.5555555555555p-5",   "-0x1.6c16c16c16c16p-10", "0x1.a01a01a019d0ap-16",
    "-0x1.27e4fb7712bdfp-22", "0x1.1eed8deb6d561p-29",  "-0x1.9394b9c9c20a4p-37",
    "0x1.ab783376962cfp-45",
};
/// erf below 1 in double for float results; error 2^-40.1.
inline constexpr const char* kErfMid[] = {
    "0x1.06eba821463bcp-3",  "-0x1.812746addaa11p-2",  "0x1.ce2f20a3f235bp-4",
    "-0x1.b82cba735c38dp-6", "0x1.565883755a716p-8",   "-0x1.bfe0ca128b8dfp-11",
    "0x1.f578f582dc8f6p-14", "-0x1.d29a942fee155p-17", "0x1.1c0260de09524p-20",
};
/// erf below 1 for double; error 2^-74.6.
inline constexpr const char* kErfF64[] = {
    "0x1.06eba8214db69p-3",   "-0x1.812746b0379e7p-2",  "0x1.ce2f21a042be2p-4",
    "-0x1.b82ce31288b47p-6",  "0x1.565bcd0e6a2e2p-8",   "-0x1.c02db40035bc9p-11",
    "0x1.f9a326f7a34b6p-14",  "-0x1.f4d25bf8a3e25p-17", "0x1.b9e6c378fa420p-20",
    "-0x1.5f73c28b04aa1p-23", "0x1.fcbb18e409a1ap-27",  "-0x1.517c384e49141p-30",
    "0x1.9a09dfa48ca5fp-34",  "-0x1.b3ef0c8539258p-38", "0x1.3bb79a16cf922p-42",
};
/// scaled erfc, centre 2, float results; error 2^-31.6.
inline constexpr const char* kErfcMid[] = {
    "0x1.46e80e21d90d0p+0",   "-0x1.7bf5eb29fcb4bp-4",  "-0x1.5407bcbd4c93dp-3",
    "0x1.4ffa0c036d0b4p-3",   "-0x1.bc2c2420f5742p-5",  "-0x1.07357236ee141p-7",
    "0x1.1de2c27768742p-7",   "0x1.4b49f2d3fe5d6p-10",  "-0x1.7fb677f99a046p-10",
    "-0x1.c8279bc1afe31p-12", "0x1.cf892f26cc35cp-13",  "0x1.05c2193d567fcp-13",
    "-0x1.4ecc5b8927ac9p-16", "-0x1.3b3135c91d286p-16",
};
/// scaled erfc, centre 4, for double; error 2^-58.8.
inline constexpr const char* kErfcF64[] = {
    "0x1.3ba5916e9fd7fp+0",   "-0x1.1df1ad154a28fp-3",  "0x1.f7f5df66fd6a7p-7",
    "0x1.16ecefcfa540ep-4",   "-0x1.9ddb23c3e8874p-4",  "0x1.7fee004e112c3p-4",
    "-0x1.0fb06dfe56142p-4",  "0x1.3079edf6aa5a8p-5",   "-0x1.096238828c1cbp-6",
    "0x1.49c6727af5d87p-8",   "-0x1.8d4a9c3d62797p-11", "-0x1.a1df1e2a70512p-13",
    "0x1.3be068698b9ccp-13",  "-0x1.9959f4cc5a01cp-16", "-0x1.788ca4d342b82p-17",
    "0x1.7f2d5af276b00p-18",  "0x1.3b713b970cad2p-22",  "-0x1.bb2bbabb02ec5p-21",
    "0x1.40eafd5947706p-24",  "0x1.d8b4353ca5555p-24",  "-0x1.353a87be1712dp-26",
    "-0x1.e432644b5660ap-27", "0x1.00cd8e2f991c3p-29",  "0x1.5b62d008c2d94p-30",
};
/// The first 224 bits of 2/pi after the point, in words of 32.
inline constexpr const char* kTwoOverPi32[] = {
    "0xa2f9836eu", "0x4e441529u", "0xfc2757d1u", "0xf534ddc0u",
    "0xdb629599u", "0x3c439041u", "0xfe5163abu",
};
/// The first 1280 bits of 2/pi after the point, in words of 64.
inline constexpr const char* kTwoOverPi64[] = {
    "0xa2f9836e4e441529ull", "0xfc2757d1f534ddc0ull", "0xdb6295993c439041ull",
    "0xfe5163abdebbc561ull", "0xb7246e3a424dd2e0ull", "0x6492eea09d1921cull",
    "0xfe1deb1cb129a73eull", "0xe88235f52ebb4484ull", "0xe99c7026b45f7e41ull",
    "0x3991d639835339f4ull", "0x9c845f8bbdf9283bull", "0x1ff897ffde05980full",
    "0xef2f118b5a0a6d1full", "0x6d367ecf27cb09b7ull", "0x4f463f669e5fea2dull",
    "0x7527bac7ebe5f17bull", "0x3d0739f78a5292eaull", "0x6bfb5fb11f8d5d08ull",
    "0x56033046fc7b6babull", "0xf0cfbc209af4361dull",
};

}  // namespace bafe
