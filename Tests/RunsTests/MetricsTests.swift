import Files
import Testing

@testable import Runs

@Suite struct MetricsTests {
  @Test func linesAreThereAtOnceAndComeBack() throws {
    try withFolder { folder in
      let metrics = try Metrics(folder: folder)
      try metrics.record(step: 100, ["train/actor_loss": -0.1, "eval/mean_reward": 1e-7, "rollout/ep_rew_mean": .nan])
      let line = try readText(folder + "/metrics.jsonl")
      let start = #"{"time/total_timesteps": 100, "eval/mean_reward": 1e-07, "rollout/ep_rew_mean": "nan", "train/actor_loss": -0.1, "time/time_elapsed": "#
      #expect(line.hasPrefix(start) && line.hasSuffix("}\n"), "\(line)")
      try metrics.record(step: 200, ["eval/mean_reward": -.infinity, "a,\"b\"": 3])
      let records = try Metrics.read(folder)
      #expect(records.map(\.step) == [100, 200] && records[0].values["eval/mean_reward"] == 1e-7)
      #expect(records[0].values["rollout/ep_rew_mean"]?.isNaN == true && records[1].values["eval/mean_reward"] == -.infinity)

      try metrics.writeTable()
      let rows = try readText(folder + "/metrics.csv").split(separator: "\n")
      #expect(rows[0] == #"time/total_timesteps,"a,""b""",eval/mean_reward,rollout/ep_rew_mean,train/actor_loss,time/time_elapsed"#)
      #expect(rows[1].hasPrefix("100,,1e-07,nan,-0.1,") && rows[2].hasPrefix("200,3,-inf,,,") && rows.count == 3)
      #expect(message { try metrics.record(step: 1, ["time/time_elapsed": 1]) }.contains("'time/time_elapsed' is written by itself"))
    }
  }

  /// As after a kill in the middle of a line.
  @Test func continuesAfterALineThatWasCutOff() throws {
    try withFolder { folder in
      try AtomicFile.write("{\"time/total_timesteps\": 1, \"a\": 2, \"time/time_elapsed\": 50}\n{\"time/tot", to: folder + "/metrics.jsonl")
      #expect(try Metrics.read(folder).count == 1)
      let metrics = try Metrics(folder: folder)
      try metrics.record(step: 2, ["a": 3])
      let records = try Metrics.read(folder)
      #expect(records.map(\.step) == [1, 2] && records[1].seconds >= 50 && records[1].seconds < 60)
    }
  }

  @Test(arguments: [("{\n", "metrics.jsonl:1"), ("[]\n", "is not an object"), ("{\"a\": \"x\"}\n", "'a' is not a number"), ("{\"a\": 1}\n", "lacks 'time/total_timesteps'")])
  func saysWhatIsDamaged(text: String, wanted: String) throws {
    try withFolder { folder in
      try AtomicFile.write(text, to: folder + "/metrics.jsonl")
      #expect(message { _ = try Metrics.read(folder) }.contains(wanted))
    }
  }
}
