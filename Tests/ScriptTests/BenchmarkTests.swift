import Testing

/// What scripts/bench asks of the program, with budgets of a second; the numbers are nobody's business here.
struct BenchmarkTests {
  static let cases: [(workload: String, names: [String])] = [
    ("gemm", ["gemm/256x512x512", "gemm/256x2048x2048"]), ("W1", ["W1"]),
    ("W3", ["W3/hopper/1", "W3/hopper/256", "W3/hopper/4096", "W3/can/1", "W3/can/256", "W3/can/4096"]), ("W4", ["W4/128", "W4/1024"]), ("W5", ["W5"]),
    ("W6", ["unet-small", "unet", "transformer"].flatMap { (network: String) -> [String] in ["W6/\(network)/1", "W6/\(network)/64", "W6/\(network)/256"] }),
    ("W7", ["W7/unet-small/128", "W7/unet/64", "W7/transformer/64"]),
    ("W8", ["hopper", "walker2d", "halfcheetah", "ant"].map { "W8/\($0)" }), ("W9/dsrl_na", ["W9/dsrl_na"]), ("W9", ["W9/dsrl_sac", "W9/dql"]),
  ]

  @Test(arguments: cases.indices) func work(_ index: Int) throws {
    let (workload, names) = BenchmarkTests.cases[index]
    let program = try Program()
    let script = "\(Program.root)/scripts/benchmarks/work.lua"
    let input = "run \(names[0]) dsrl-lua 1\neach \(names[0]) dsrl-lua 2\nrun W99 dsrl-lua 1\nthreads 1\nquit\nthreads 1\n"
    let outcome = try program.run([script, workload, "1", "float32", "300"], input: input)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    for name in names { #expect(lines.contains { $0.hasPrefix("@ case \(name) dsrl-lua ") }, "\(lines)") }
    let answers = try lines[(#require(lines.firstIndex(of: "@ ready")) + 1)...].map { $0.split(separator: " ").map(String.init) }
    #expect(answers.map { $0[1] } == ["took", "each", "failed", "done"], "\(lines)")
    #expect(try #require(Double(answers[0][2])) > 0 && (Int(answers[0][3]) ?? 0) >= 1)
    #expect(answers[1].count == 4)
    try program.remove()
  }

  /// Sizes that would take too long here are told by the same code; an unknown workload is an error.
  @Test func unknownWorkload() throws {
    let program = try Program()
    let outcome = try program.run(["\(Program.root)/scripts/benchmarks/work.lua", "W99", "1", "float32", "300"])
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("there is no workload W99; there are W1, W2, W3, W4, W5, W6, W7, W8, W9, W9/dql, W9/dsrl_na, W9/dsrl_sac, gemm"), "\(outcome.errors)")
    try program.remove()
  }
}
