import FoundationEssentials
import Files
import Tensors
import Testing

@testable import Runs

/// References: rliable 1.2.0 and SciPy 1.17.1 on twenty random tables (scripts/fixtures/score_statistics.py).
@Suite struct ScoreTableTests {
  struct Case: Decodable {
    let x, y: [[Double]]
    let points: [String: Double]
    let improvement: Double
    let thresholds, profile: [Double]
    let percentile: [String: [Double]]
    let bca_mean: [Double]
  }

  static let cases: [Case] = {
    let path = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Fixtures/statistics/scores.json"
    return try! JSON.decode([Case].self, from: readBytes(path), source: path)
  }()

  private static func points(_ tasks: [[Double]]) -> [Double] {
    let table = ScoreTable(resampled: tasks)
    return [table.mean, table.median, table.interquartileMean, table.optimalityGap()]
  }
  private static let names = ["mean", "median", "iqm", "gap"]

  @Test(arguments: cases.indices) func pointValues(number: Int) throws {
    let wanted = Self.cases[number]
    let table = try ScoreTable(wanted.x)
    for (name, value) in zip(Self.names, Self.points(wanted.x)) { #expect(abs(value - (wanted.points[name] ?? .nan)) < 1e-12, "\(name)") }
    #expect(abs(try table.probabilityOfImprovement(over: ScoreTable(wanted.y)) - wanted.improvement) < 1e-12)
    for (ours, theirs) in zip(table.profile(wanted.thresholds), wanted.profile) { #expect(abs(ours - theirs) < 1e-12) }
  }

  /// Two bootstraps of 20000 resamples each place a 2.5 % quantile within about 0.03 of the interval's width of each other; where scores take
  /// few values, or there are four runs, it jumps from one to the next, a tenth of the width apart.
  @Test(arguments: cases.indices) func intervals(number: Int) throws {
    let wanted = Self.cases[number]
    var random = RandomStream(seed: number)
    let percentile = try Bootstrap(resamples: 20000).intervals(wanted.x, using: &random, Self.points)
    for (name, interval) in zip(Self.names, percentile) {
      let reference = try #require(wanted.percentile[name])
      let tolerance = 0.13 * (reference[1] - reference[0])
      #expect(abs(interval.lowerBound - reference[0]) < tolerance && abs(interval.upperBound - reference[1]) < tolerance, "\(name): \(interval), wanted \(reference)")
    }
    let bca = try Bootstrap(method: .bca, resamples: 20000).interval(wanted.x, using: &random) { ScoreTable(resampled: $0).mean }
    let tolerance = 0.15 * (wanted.bca_mean[1] - wanted.bca_mean[0])
    #expect(abs(bca.lowerBound - wanted.bca_mean[0]) < tolerance && abs(bca.upperBound - wanted.bca_mean[1]) < tolerance, "\(bca), wanted \(wanted.bca_mean)")
  }

  /// 95 % intervals for the mean of 3 tasks with 25 runs each, skewed scores among them: the true mean lies inside 93 to 97 times of 100.
  @Test(arguments: Bootstrap.Method.allCases) func coverage(method: Bootstrap.Method) throws {
    let bootstrap = try Bootstrap(method: method, resamples: 1000)
    var (data, random) = (RandomStream(seed: 11), RandomStream(seed: 12))
    let experiments = 1500
    var inside = 0
    for _ in 0..<experiments {
      let tasks = [
        (0..<25).map { _ in 0.5 + 0.2 * data.normal() }, (0..<25).map { _ in data.uniform(0, 1) }, (0..<25).map { _ in 0.5 + 0.3 * (data.uniform() * data.uniform() - 0.25) },
      ]
      if try bootstrap.interval(tasks, using: &random, { ScoreTable(resampled: $0).mean }).contains(0.5) { inside += 1 }
    }
    #expect((0.93...0.97).contains(Double(inside) / Double(experiments)), "\(inside) of \(experiments)")
  }

  @Test func closedForms() throws {
    let table = try ScoreTable([[0, 1, 2, 3], [10]])
    #expect(table.mean == 5.75 && table.median == 5.75 && table.interquartileMean == 2 && table.optimalityGap(target: 2) == 2 - (1.25 + 2) / 2)
    #expect(try table.probabilityOfImprovement(over: ScoreTable([[1], [10]])) == (2.5 / 4 + 0.5) / 2)
    var random = RandomStream(seed: 1)
    #expect(try Bootstrap(method: .bca, resamples: 50).interval([[2, 2], [4]], using: &random) { ScoreTable(resampled: $0).mean } == 3...3)
    #expect(Normal.quantile(0.975).isNearly(1.959963984540054) && Normal.quantile(0.001).isNearly(-3.090232306167813) && Normal.cumulative(-1).isNearly(0.15865525393145707))
  }

  @Test func saysWhatIsWrong() throws {
    let table = try ScoreTable([[1]])
    var random = RandomStream(seed: 1)
    #expect(message { _ = try ScoreTable([[1], []]) } == "scores want at least one task and one run of each, got runs [1, 0]")
    #expect(message { _ = try ScoreTable([[1, .infinity]]) } == "scores want finite numbers, got inf among them")
    #expect(message { _ = try table.probabilityOfImprovement(over: ScoreTable([[1], [2]])) } == "two methods are compared on the same tasks, got 1 and 2")
    #expect(message { _ = try Bootstrap(confidence: 1) }.contains("got 1.0"))
    #expect(message { _ = try Bootstrap().interval([[.infinity]], using: &random) { $0[0][0] } } == "a bootstrap wants finite numbers")
  }
}

extension Double {
  fileprivate func isNearly(_ other: Double) -> Bool { abs(self - other) < 1e-12 }
}
