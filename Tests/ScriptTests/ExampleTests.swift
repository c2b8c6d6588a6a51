import Foundation
import Testing

/// Every example, with a budget of seconds.
private let examples: [(name: String, settings: [String], pictures: [String])] = [
  ("quickstart.lua", ["demonstrations=30", "epochs=2", "steps=1100", "episodes=8"], ["noise.svg", "paths.svg"]),
  ("driving.lua", ["demonstrations=12", "epochs=1", "steps=850", "episodes=4", "plans=8"], ["driving.svg"]),
  ("point_maze.lua", ["demonstrations=10", "epochs=1", "steps=1700", "episodes=4"], ["ways.svg"]),
  ("push_t.lua", ["demonstrations=6", "epochs=1", "hidden=16", "init_rollout_steps=4", "steps=160", "episodes=2"], []),
  ("microscope.lua", ["demonstrations=20", "epochs=2", "inverted=10", "samples=8", "episodes=4"], ["trace.svg", "samplers.svg", "noises.svg", "steerability.svg", "spectrum.svg"]),
  ("offline.lua", ["demonstrations=20", "epochs=2", "gradient_steps=40", "steps=100", "eval_every=50", "episodes=4"], ["curves.svg"]),
  ("dist.lua", ["demonstrations=20", "epochs=1", "num_envs=4", "batch_size=32", "hidden=16", "steps=400", "episodes=8"], []),
  ("loop.lua", ["demonstrations=20", "epochs=1", "steps=800", "width=16", "compare=true"], []),
  ("regression.lua", ["steps=60", "points=64"], ["fit.svg"]),
  ("own_environment.lua", ["demonstrations=20", "epochs=1", "steps=1000", "episodes=8"], ["curve.svg"]),
  ("pendulum.lua", ["steps=700", "eval_every=350", "eval_episodes=2"], ["curve.svg"]),
  ("hopper.lua", ["data_steps=1000", "epochs=1", "hidden=32", "init_rollout_steps=4", "steps=128", "eval_every=64", "eval_episodes=2", "episodes=4"], ["curve.svg"]),
  ("bench/steer.lua", ["steps=400", "evaluations=1", "eval_episodes=4", "epochs=1", "hidden=16"], []),
  ("studies/samplers.lua", ["points=16", "samples=32", "evaluations={1,4}"], ["map.svg", "law.svg"]),
  ("studies/modes.lua", ["demonstrations=20", "chunk=2", "epochs=4", "hidden=16", "episodes=4", "paths=2"], ["Gaussian.svg", "bins-autoregressive.svg", "diffusion.svg"]),
  ("studies/initial_noise.lua", ["pairs=2", "samples=500", "epochs=1", "hidden=16", "points=20"], ["circles.svg", "turns.svg"]),
  ("studies/dimension.lua", ["dimensions={1,2}", "samples=2200", "epochs=1", "hidden=16", "points=20"], ["error.svg", "steps.svg", "rank.svg", "best.svg"]),
  ("studies/dip.lua", ["seeds=1", "steps=120", "eval_every=60", "eval_episodes=4", "demonstrations=30", "epochs=1", "variants={published,hard_offline}"], ["dip.svg"]),
  ("studies/denoisers.lua", ["demonstrations=30", "gradient_steps=2", "networks={residual_mlp,transformer}", "episodes=2"], []),
  ("behaviour.lua", ["task=walker2d", "medium={-1000,10000}", "steps=1000", "check_every=500", "episodes=2"], []),
  ("behaviour.lua", ["task=halfcheetah", "medium={-3000,10000}", "steps=1000", "check_every=500", "episodes=1"], []),
  ("behaviour.lua", ["task=hopper", "medium={-1000,10000}", "falls=0", "steps=1000", "check_every=500", "episodes=4"], []),
]

/// Suites, which `dsrl-lua bench` runs.
private let suites = ["dimension", "dip", "gym", "quick", "samplers"]

struct ExampleTests {
  /// Their scripts have the options that they set.
  @Test(arguments: suites) func suiteHasCells(_ name: String) throws {
    let program = try Program()
    let outcome = try program.run(["bench", "\(Program.root)/examples/bench/\(name).lua", "--dry-run"])
    #expect(outcome.code == 0 && outcome.output.contains(" in runs/\(name)"), "\(outcome.output)\(outcome.errors)")
    try program.remove()
  }

  @Test(arguments: examples.indices) func runs(_ index: Int) throws {
    let (name, settings, pictures) = examples[index]
    let program = try Program()
    let outcome = try program.run(["run", "\(Program.root)/examples/\(name)", "--out", "r", "--seed", "3"] + settings.flatMap { ["--set", $0] })
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.errors)")
    #expect(try program.read("r/manifest.json").contains("\"finished\""))
    for picture in pictures { #expect(try program.read("r/\(picture)").contains("</svg>")) }
    try program.remove()
  }

  @Test func noExampleIsForgotten() throws {
    let files = try #require(FileManager.default.enumerator(atPath: Program.root + "/examples")).compactMap { $0 as? String }
    #expect(Set(files.filter { $0.hasSuffix(".lua") }) == Set(examples.map(\.name) + suites.map { "bench/\($0).lua" }))
  }

  /// metrics.jsonl of two runs, their times taken out.
  @Test func sameSeedSameBytes() throws {
    func metrics(seed: Int) throws -> String {
      let program = try Program()
      let settings = examples[0].settings.flatMap { ["--set", $0] }
      let outcome = try program.run(["run", "\(Program.root)/examples/quickstart.lua", "--out", "r", "--seed", "\(seed)", "--threads", "2"] + settings)
      #expect(outcome.code == 0, "\(outcome.errors)")
      let text = try program.read("r/metrics.jsonl")
      try program.remove()
      return text.replacing(/"time\/(fps|time_elapsed)":[^,}]*/, with: "")
    }
    let first = try metrics(seed: 4)
    #expect(first.contains("train/critic_loss"))
    #expect(try metrics(seed: 4) == first)
    #expect(try metrics(seed: 5) != first)
  }
}
