import ArgumentParser
import Files
import Glibc
import LuaBridge
import Runs
import Script
import Suites
import Tensors

/// `dsrl-lua stats DIR`: what finished runs say together, those of the same options as one group over their seeds.
struct StatsCommand: Subcommand {
  static let usage = "dsrl-lua stats [OPTIONS] DIR"

  @Argument(help: "Where the runs are, at most five folders down.")
  var folder: String
  @Option(help: ArgumentHelp("The score, of metrics.jsonl.", valueName: "name"))
  var metric = "eval/mean_reward"
  @Option(help: ArgumentHelp("A score is the mean of so many last values.", valueName: "n"))
  var last = 1
  @Option(help: "Of the bootstrap.")
  var seed = 0
  @Option(help: "Resamples of the bootstrap.")
  var resamples = 10000
  @Option(help: ArgumentHelp("percentile, or bca: bias-corrected and accelerated.", valueName: "method"))
  var interval = Bootstrap.Method.percentile

  func validate() throws {
    if last < 1 || resamples < 1 { throw ValidationError("--last and --resamples want positive numbers") }
  }

  /// Returns the exit code.
  static func main(_ words: [String]) -> Int32 {
    do {
      try ControlC.begin()
      return try StatsCommand.parse(words).run()
    } catch let error where StatsCommand.exitCode(for: error) == .success {
      printHelp()
      return ExitCode.good
    } catch let error as UsageError {
      report(error)
      return ExitCode.badCommandLine
    } catch {
      writeError("dsrl-lua: \(StatsCommand.message(for: error))\nUsage: \(usage)\n")
      return ExitCode.badCommandLine
    }
  }

  private func run() throws -> Int32 {
    var runs: [(manifest: Manifest, score: Double)] = []
    var without = 0
    for path in try RunOverview.folders(below: folder) {
      let manifest = try Manifest.read(path)
      guard manifest.status == .finished else {
        without += 1
        continue
      }
      let values = access(path + "/metrics.jsonl", R_OK) == 0 ? try Metrics.read(path).compactMap { $0.values[metric] } : []
      guard !values.isEmpty else {
        without += 1
        continue
      }
      let tail = values.suffix(last)
      runs.append((manifest, tail.reduce(0, +) / Double(tail.count)))
    }
    guard !runs.isEmpty else { throw UsageError("no finished run below '\(folder)' has '\(metric)'") }
    let names = StatsCommand.names(runs.map(\.manifest))
    var table = ReportTable("", note: "", columns: ["runs", "n", "mean", "95 % interval", "IQM", "95 % interval", "sd", "lowest", "highest"])
    for name in Set(names).sorted() {
      let scores = zip(names, runs).filter { $0.0 == name }.map(\.1.score)
      var random = RandomStream(seed: seed, purpose: "stats " + name)
      let intervals = try Bootstrap(method: interval, resamples: resamples).intervals([scores], using: &random) {
        [ScoreTable(resampled: $0).mean, ScoreTable(resampled: $0).interquartileMean]
      }
      let few = scores.count == 1
      table.rows.append([
        name, String(scores.count), try Statistics.mean(scores).brief, few ? "–" : Brief.text(intervals[0]), try Statistics.interquartileMean(scores).brief,
        few ? "–" : Brief.text(intervals[1]), few ? "–" : try Statistics.standardDeviation(scores).brief, (scores.min() ?? .nan).brief, (scores.max() ?? .nan).brief,
      ])
    }
    print(table.text)
    if without > 0 { print("\(without) run\(without == 1 ? "" : "s") left out: not finished, or without '\(metric)'") }
    return ExitCode.good
  }

  /// The script's name with those of its options that differ among its runs.
  private static func names(_ manifests: [Manifest]) -> [String] {
    var values: [String: Set<String>] = [:]
    let flat = manifests.map { manifest in
      Dictionary(flatten(manifest.options, "").map { ("\(manifest.script) \($0)", $1) }) { first, _ in first }
    }
    for options in flat { for (key, value) in options { values[key, default: []].insert(value) } }
    return zip(manifests, flat).map { manifest, options in
      let script = manifest.script.split(separator: "/").last.map(String.init) ?? manifest.script
      let parts = options.keys.filter { (values[$0]?.count ?? 0) > 1 }.sorted().map { "\($0.dropFirst(manifest.script.count + 1))=\(options[$0] ?? "")" }
      return ([script] + parts).joined(separator: " ")
    }
  }

  private static func flatten(_ json: JSON, _ prefix: String) -> [(String, String)] {
    guard case .object(let members) = json else { return [(prefix, json.string ?? json.text)] }
    return members.flatMap { flatten($0.value, prefix.isEmpty ? $0.key : "\(prefix).\($0.key)") }
  }
}

extension Bootstrap.Method: ExpressibleByArgument {}
