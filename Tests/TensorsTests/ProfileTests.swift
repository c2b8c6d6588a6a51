import Dispatch
import Testing

@testable import Tensors

/// One profile runs at a time in a process, so these tests follow one another.
@Suite(.serialized) struct ProfileTests {
  /// A layer of two products, forward and backward.
  private func work() throws {
    let x = try Tensor([Float](repeating: 0.5, count: 6 * 7), shape: [6, 7])
    let w = try Tensor([Float](repeating: 0.25, count: 5 * 7), shape: [5, 7]).trackGradient()
    let y = try { () throws -> Tensor in
      let span = Profile.Span(layer: "outer"); defer { span.end() }
      let inner = Profile.Span(layer: "Linear 7x5"); defer { inner.end() }
      return try x.linear(w, nil).tanh()
    }()
    try (y * y).sum(0).sum().backward()
  }

  @Test func namesCallsAndSumsAreRight() throws {
    let report = try Profile.measure { for _ in 0..<50 { try work() } }.report
    func find(_ name: String, _ isBackward: Bool) throws -> Profile.Report.Operator {
      try #require(report.operators.first { $0.name == name && $0.isBackward == isBackward }, "\(name)")
    }
    #expect(try find("matmul", false).calls == 50 && find("matmul", false).flops == 50 * 2 * 6 * 7 * 5)
    #expect(try find("matmul", true).calls == 50)  // the weights' gradient; x wants none
    #expect(try find("tanh", false).calls == 50 && find("tanh", true).calls == 50)
    #expect(try find("mul", false).calls == 50 && find("mul", true).calls == 100 && find("sum", false).calls == 100)
    #expect(try find("linear", false).total >= find("matmul", false).total)

    let own = report.operators.reduce(0) { $0 + $1.own }
    #expect(abs(own - report.seconds) < 1e-9 && report.seconds > 0)
    #expect(abs(report.layers.reduce(0) { $0 + $1.own } - report.seconds) < 1e-6 * report.seconds + 1e-9)
    let whole = try #require(report.layers.first { $0.path.isEmpty })
    #expect(abs(whole.forward + whole.backward - report.seconds) < 1e-6 * report.seconds + 1e-9)
    let layer = try #require(report.layers.first { $0.path == "outer / Linear 7x5" })
    #expect(layer.calls == 50 && layer.forward > 0 && layer.backward > 0 && abs(layer.own - layer.forward - layer.backward) < 1e-9)
    let outer = try #require(report.layers.first { $0.path == "outer" })
    #expect(outer.forward >= layer.forward && outer.backward >= layer.backward)
  }

  /// The clock outside agrees with the sum inside.
  @Test func theSumIsTheWholeTime() throws {
    let clock = ContinuousClock()
    var inside = 0.0
    let outside = try clock.measure { inside = try Profile.measure { for _ in 0..<200 { try work() } }.report.seconds }
    let seconds = Double(outside.components.seconds) + Double(outside.components.attoseconds) * 1e-18
    #expect(inside <= seconds && inside > 0.5 * seconds)
  }

  @Test func offMeansOff() throws {
    #expect(!Profile.isOn && Profile.scope == 0)
    let x = try Tensor([1, 2]).trackGradient()
    let y = x.exp()
    #expect(y.history?.scope == 0)
    let report = try Profile.measure { 1 }.report
    #expect(report.operators.allSatisfy { $0.name == "other" } && report.layers.map(\.path) == [""])
    #expect(!Profile.isOn)
  }

  @Test func errorsPassAndSwitchItOff() throws {
    #expect(throws: UsageError("mine")) {
      try Profile.measure {
        let span = Profile.Span(layer: "left open")
        defer { span.end() }
        throw UsageError("mine")
      }
    }
    #expect(!Profile.isOn)
    #expect(throws: UsageError("a profile is running already")) { try Profile.measure { try Profile.measure {} } }
    #expect(!Profile.isOn)
  }

  /// A graph of an earlier profile, of none, and other threads' work are booked to no layer of this one.
  @Test func strangersBelongToNoLayer() throws {
    let x = try Tensor([1, 2]).trackGradient()
    let before = x.exp().sum()
    let earlier = try Profile.measure {
      let span = Profile.Span(layer: "earlier"); defer { span.end() }
      return x.exp().sum()
    }.result
    let report = try Profile.measure {
      do { let span = Profile.Span(layer: "now"); span.end() }
      try before.backward()
      try earlier.backward()
      DispatchQueue.global().sync {}
      let group = DispatchGroup()
      DispatchQueue.global().async(group: group) { _ = Tensor([1]).sin() }
      group.wait()
    }.report
    let layer = try #require(report.layers.first { $0.path == "now" })
    #expect(layer.calls == 1 && layer.backward == 0)
    #expect(!report.operators.contains { $0.name == "sin" })
    #expect(report.operators.contains { $0.name == "mul" && $0.isBackward && $0.calls == 2 })
  }

  @Test(arguments: [
    ("+(_:_:)", "add"), ("-(_:)", "neg"), ("-(_:_:)", "sub"), ("indexSelect(_:_:)", "index_select"), ("tanh()", "tanh"), ("packedChain", "packed_chain"),
  ]) func names(_ function: String, _ name: String) { #expect(Profile.name(function) == name) }
}
