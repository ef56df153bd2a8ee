#pragma once
/// Programs that are called with ever new sizes: one search for all of them, and kernels that read
/// sizes at run time. Private to src/runtime.

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bafe/codegen/sized_text.h"
#include "bafe/ir/generalise.h"
#include "program_maker.h"

namespace bafe {

/// A family holds traced programs that differ only in sizes. Its third signature makes it general:
/// the traced programs become one over symbols, which is searched once. From then on a signature
/// is traced, compared with the symbolic program, planned and lowered with its own sizes; where the
/// text that comes out is that of a kernel up to numbers, the kernel runs with these numbers as its
/// sizes. Otherwise one more kernel is made: for another form of the sizes (whole vectors or not,
/// tiles with or without a tail).
///
/// Nothing rests on the generalisation being right: programs and texts are compared exactly.
/// Bounds: kMostFamilies a process, kMostKernels a family, those used least go first; a line of
/// the topic "recompiles" tells of each that goes.
class Families {
 public:
  static constexpr std::size_t kSignatures = 3, kMostSamples = 4, kMostKernels = 32;
  static constexpr std::size_t kMostFamilies = 128;
  static constexpr int kMostGeneralisations = 4, kMostSpecialised = 8;

  Families();
  Families(const Families&) = delete;
  Families& operator=(const Families&) = delete;

  /// With a kernel that is there; nullptr when there is none, or another thread makes one.
  /// Searches and compiles nothing.
  std::shared_ptr<const Executable> ready(const Request& request, KernelCache& cache);
  /// Counts the signature, and makes what ready() lacks. nullopt when the program is to be compiled
  /// for its own sizes: its family is not general, or cannot be. Errors: Interrupted.
  std::optional<Built> build(const Request& request, Interrupt& interrupt, KernelCache& cache,
                             ProgramMaker& maker);
  /// What build() made agreed with tier 0: the family goes to the cache. Where it was not faster,
  /// ready() gives nothing: then every signature is timed against tier 0 before it leaves it.
  void publish(const Request& request, bool is_faster, KernelCache& cache);
  /// What build() made did not: the family is not general any more.
  void refuse(const Request& request, const std::string& why);
  /// Other sizes of the program, as good as called ones.
  void teach(const Request& request, const std::vector<Graph>& samples);
  bool is_taught(const Request& request);
  SizeFamily describe(const Request& request);
  /// May one more signature of the family have a kernel of its own? Counts it.
  bool may_specialise(const Request& request);

 private:
  struct Kernel {
    SizedText text;
    std::shared_ptr<const Module> module;
    std::string code, c_text, compiler;
    std::uint64_t used = 0;
  };
  struct Family {
    std::mutex mutex;
    bool is_loaded = false;      ///< the cache was asked
    bool is_taught = false;      ///< its sizes were declared to vary
    std::vector<Graph> samples;  ///< distinct, compact
    std::optional<SymbolicProgram> traced;
    Graph chosen;             ///< over the symbols of `traced`
    std::string certificate;  ///< for all sizes
    std::vector<ExplainStep> steps;
    std::list<Kernel> kernels;
    int generalisations = 0, specialised = 0;
    std::string refused;     ///< why it is not general
    bool is_faster = false;  ///< than tier 0, when its kernels were last timed
    bool is_stored = true;   ///< the cache has it as it is
    std::uint64_t kernel_clock = 0;
    std::uint64_t used = 0;
  };
  /// A program of the family with its own sizes, planned.
  struct Instance {
    CandidatePlan way;
    Plan plan;
    NumberedText text;
  };

  static void before_fork();
  static void after_fork();
  static void in_child();
  static std::string premises_of(const Request& request, const Graph& compact);
  std::shared_ptr<Family> family_of(const std::string& premises);
  static bool note_sample(Family& family, const Graph& compact);
  static bool generalise_family(Family& family, const Request& request, Interrupt& interrupt);
  static Instance instance_of(const Family& family, const ProgramSizes& sizes,
                              const Request& request);
  static void widen(SizedText& text, const Family& family, const ProgramSizes& sizes,
                    const Request& request);
  Kernel* kernel_of(Family& family, const NumberedText& text, std::vector<std::int64_t>& sizes);
  static void use_sizes(Plan& plan, const Kernel& kernel, const std::vector<std::int64_t>& sizes);
  std::shared_ptr<const Executable> run_on(const Kernel& kernel, Instance instance,
                                           const std::vector<std::int64_t>& sizes,
                                           const Request& request, const Family& family);
  std::optional<Built> make_kernel(Family& family, Instance instance, const ProgramSizes& sizes,
                                   const Request& request, Interrupt& interrupt, KernelCache& cache,
                                   ProgramMaker& maker);
  static void load(Family& family, const std::string& premises, KernelCache& cache);
  static void store(const Family& family, const std::string& premises, KernelCache& cache);

  std::mutex mutex_;  ///< guards the map; never held while something is made
  std::map<Digest, std::shared_ptr<Family>> families_;
  std::uint64_t clock_ = 0;
};

}  // namespace bafe
