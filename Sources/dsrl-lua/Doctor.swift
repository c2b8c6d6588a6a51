import CVectorUnits
@preconcurrency import CReadline
import CMuJoCo
import COneDNN
import Environments
import Glibc
import LuaBridge
import Runs
import Script
import Tensors

/// `dsrl-lua doctor`: what the program runs on, whether it runs as it should, and how to mend what does not.
struct Doctor {
  static let usage = "dsrl-lua doctor"
  private var failures = 0
  private var width: Int { 14 }

  /// Returns the exit code.
  static func main(_ words: [String]) -> Int32 {
    guard words.isEmpty else {
      writeError("dsrl-lua: doctor takes no arguments\nUsage: \(usage)\n")
      return ExitCode.badCommandLine
    }
    var doctor = Doctor()
    do { try doctor.examine() } catch {
      report(error)
      return ExitCode.checkFailed
    }
    return doctor.failures == 0 ? ExitCode.good : ExitCode.checkFailed
  }

  private mutating func examine() throws {
    say("dsrl-lua", version)
    say("processor", "\(Manifest.processorName()), \(Processors.count) threads")
    say("instructions", Manifest.instructionSets())
    try Threads.use(Processors.count)
    libraries()
    try files()
    speed()
    try determinism()
    print(failures == 0 ? "all is well" : "\(failures) of these \(failures == 1 ? "wants" : "want") mending")
  }

  private mutating func libraries() {
    if let found = dnnl_version()?.pointee {
      say("oneDNN", "\(found.major).\(found.minor).\(found.patch), uses \(Doctor.instructionSet(dnnl_get_effective_cpu_isa()))")
    }
    if let name = (["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"] as [String]).first(where: { (name: String) in getenv(name) != nil }) {
      warn("\(name) keeps oneDNN from using all of the processor; unset it")
    }
    say("Lua", Interpreter.release)
    say("MuJoCo", String(cString: mj_versionString()))
    say("readline", String(cString: rl_library_version))
    do {
      if let gnuplot = try Gnuplot.version() { say("gnuplot", gnuplot) } else { fail("there is no gnuplot, so there are no pictures: apt-get install gnuplot-nox") }
    } catch { fail("gnuplot does not run: \(error)") }
  }

  private mutating func files() throws {
    say("stdlib", try Session.standardLibrary())
    do {
      let model = try ModelLibrary.path(of: "hopper.xml")
      say("models", String(model.dropLast("/hopper.xml".count)))
    } catch { fail("\(error)") }
    let free = try Session.freeSpace()
    say("memory", "\(Tensor.usableMemory >> 20) MiB may be used; \(free >> 20) MiB of disk here")
    if free < 1 << 30 { warn("less than a gibibyte is left on this disk; runs keep their checkpoints and data there") }
  }

  /// About two seconds.
  private mutating func speed() {
    do {
      let ceiling = processor_ceiling(0.5)
      let single = try SpeedCheck.rate(threads: 1, seconds: 0.7)
      let all = try SpeedCheck.rate(threads: Processors.count, seconds: 0.7)
      func whole(_ x: Double) -> Int { Int(x.rounded()) }
      say("speed", "matrix products at \(whole(single)) GFLOP/s on one thread, \(whole(100 * single / ceiling)) % of its ceiling of \(whole(ceiling)); \(whole(all)) on \(Processors.count)")
      if single < 0.4 * ceiling {
        var load = 0.0
        getloadavg(&load, 1)
        warn("that is slow; \(load > 1 ? "something else keeps the processors busy (load \((load * 10).rounded() / 10))" : "is the processor throttled, or shared with other machines?")")
      }
    } catch { fail("matrix products fail: \(error)") }
  }

  private mutating func determinism() throws {
    let (first, again) = (try DeterminismCheck.digest(threads: 1), try DeterminismCheck.digest(threads: 1))
    let spread = try DeterminismCheck.digest(threads: max(2, Processors.count))
    say("determinism", first == again ? "the same seed twice gives the same bytes (\(first.prefix(12)))" : "the same seed gave \(first.prefix(12)), then \(again.prefix(12))")
    if first != again { fail("numbers are not reproducible here: memory or processor may be faulty; test the memory") }
    if first != spread { fail("more threads give other numbers (\(spread.prefix(12))); please report this processor: --threads 1 is reproducible") }
  }

  // MARK: Saying it

  private func say(_ name: String, _ text: String) { print(name + String(repeating: " ", count: max(1, width - name.count)) + text) }
  private func warn(_ text: String) { say("", "note: " + text) }
  private mutating func fail(_ text: String) {
    failures += 1
    say("", "WRONG: " + text)
  }

  private static func instructionSet(_ isa: dnnl_cpu_isa_t) -> String {
    switch isa {
    case dnnl_cpu_isa_sse41: "SSE4.1"
    case dnnl_cpu_isa_avx: "AVX"
    case dnnl_cpu_isa_avx2: "AVX2"
    case dnnl_cpu_isa_avx2_vnni: "AVX2 with VNNI"
    case dnnl_cpu_isa_avx512_core: "AVX-512"
    case dnnl_cpu_isa_avx512_core_vnni: "AVX-512 with VNNI"
    case dnnl_cpu_isa_avx512_core_bf16: "AVX-512 with bfloat16"
    case dnnl_cpu_isa_avx512_core_amx: "AVX-512 with AMX"
    default: "instruction set \(isa.rawValue)"
    }
  }
}
