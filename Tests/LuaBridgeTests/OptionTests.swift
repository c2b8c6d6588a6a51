import Testing

@testable import LuaBridge

struct OptionTests {
  @Test(arguments: [
    ("t.train{taw = 1}", "unknown option 'taw' (did you mean 'tau'?)"),
    ("t.train{learningRate = 1}", "unknown option 'learningRate' (valid: tau, discount, steps, hidden, solver, target_entropy, seed, verbose, name, critic, layers)"),
    ("t.train{targetEntropy = 1}", "unknown option 'targetEntropy' (did you mean 'target_entropy'?)"),
    ("t.train{critic = {ensembel = 3}}", "unknown option 'critic.ensembel' (did you mean 'ensemble'?)"),
    ("t.train{tau = 'x'}", "'tau' must be a number, got string 'x'"),
    ("t.train{steps = 2.5}", "'steps' must be an integer, got number 2.5"),
    ("t.train{steps = true}", "'steps' must be an integer, got boolean true"),
    ("t.train{seed = 300}", "'seed' must be an integer, got number 300"),
    ("t.train{verbose = 1}", "'verbose' must be a boolean, got number 1"),
    ("t.train{name = 1}", "'name' must be a string, got number 1"),
    ("t.train{solver = 'hun'}", "'solver' must be one of 'euler', 'heun', got string 'hun'"),
    ("t.train{solver = 3}", "'solver' must be one of 'euler', 'heun', got number 3"),
    ("t.train{hidden = {64, 'x'}}", "'hidden.2' must be an integer, got string 'x'"),
    ("t.train{hidden = 64}", "'hidden' must be a list, got number 64"),
    ("t.train{critic = 3}", "'critic' must be a table, got number 3"),
    ("t.train{critic = {5}}", "options have names, but element 1 of 'critic' has none"),
    ("t.train{5}", "options have names, but element 1 of the table has none"),
    ("t.train{target_entropy = t.vector{1}}", "'target_entropy' must be a number, got a Vector"),
    ("t.train{layers = {{}}}", "missing option 'layers.1.size'"),
    ("t.train{layers = {{size = 1, sise = 2}}}", "unknown option 'layers.1.sise'"),
    ("t.train(3)", "bad argument #1 to 'train' (table expected, got number)"),
    ("t.agent{tau = 1}", "missing 'vector'"),
    ("t.agent{vectr = t.vector{1}}", "missing 'vector' (is 'vectr' meant?)"),
    ("t.agent{vector = io.stdout}", "'vector' must be a Vector, got an object"),
    ("t.agent{vector = t.animal('cat')}", "'vector' must be a Vector, got a Cat"),
    ("t.agent{vector = t.vector{1}, animal = 3}", "'animal' must be an Animal, got number 3"),
    ("t.agent{vector = t.vector{1}, weight = 'x'}", "'weight' must be a number, got string 'x'"),
    ("t.agent{vector = t.vector{1}, wieght = 2}", "unknown option 'wieght' (did you mean 'weight'?)"),
  ]) func errors(source: String, expected: String) throws { #expect(try World().message(source) == "chunk:1: " + expected) }

  @Test func defaultsAndValues() throws {
    let world = try World()
    #expect(try world.results("return t.train{}") == """
      "{tau = 0.005, discount = 0.99, steps = 1000, hidden = {256, 256}, solver = "heun", target_entropy = nil, seed = 1, verbose = false, \
      name = "run", critic = {ensemble = 2, learning_rate = 0.0003}, layers = {}}"
      """)
    let set = "tau = 1, steps = 5.0, hidden = {}, solver = 'euler', target_entropy = -3, critic = {learning_rate = 1}, layers = {{size = 4}}"
    #expect(try world.results("return t.train{\(set)}") == """
      "{tau = 1.0, discount = 0.99, steps = 5, hidden = {}, solver = "euler", target_entropy = -3.0, seed = 1, verbose = false, \
      name = "run", critic = {ensemble = 2, learning_rate = 1.0}, layers = {{size = 4}}}"
      """)
    #expect(try world.results("return t.agent{vector = t.vector{1, 2}, weight = 2, tau = 0.5}") == "6.5")
    #expect(try world.results("return t.agent{vector = t.vector{1}, animal = t.animal('cat'), tau = 0}") == "101.0")
  }

  @Test func everyOptionIsDescribed() throws {
    let lines = try Training().described().map { "\($0.name) \($0.value) \($0.choices.joined(separator: "|"))" }
    #expect(lines == [
      "tau 0.005 ", "discount 0.99 ", "steps 1000 ", "hidden {256, 256} ", "solver \"heun\" euler|heun", "target_entropy nil ", "seed 1 ",
      "verbose false ", "name \"run\" ", "critic.ensemble 2 ", "critic.learning_rate 0.0003 ", "layers {} ",
    ])
  }

  @Test func valuesSurviveARoundTrip() throws {
    var options = Training()
    options.targetEntropy = .infinity
    options.hidden = [1, 2, 3]
    options.critic.ensemble = 10
    let again = try options.luaTable().decode(Training.self)
    #expect(again.targetEntropy == .infinity && again.hidden == [1, 2, 3] && again.critic.ensemble == 10)
  }

  @Test(arguments: [("learningRate", "learning_rate"), ("tau", "tau"), ("numQValues", "num_q_values"), ("beta1", "beta1")])
  func names(swift: String, lua: String) {
    #expect(snakeCase(swift) == lua)
    #expect(camelCase(lua) == swift)
  }

  /// A group's options stand in the table of the options that hold it, whose own defaults they keep.
  @Test func groupsStandInTheirHoldersTable() throws {
    let options = try LuaTable([("ensemble", .int(5)), ("steps", .int(3))]).decode(Grouped.self)
    #expect(options.critics.ensemble == 5 && options.critics.rates.learningRate == 0.5 && options.steps == 3)
    #expect(try options.luaTable().description == "{steps = 3, ensemble = 5, learning_rate = 0.5, weight_decay = nil, seed = 1}")
    #expect(try Grouped().described().map(\.name) == ["steps", "ensemble", "learning_rate", "weight_decay", "seed"])
    var changed = options
    changed.critics.rates.weightDecay = 2
    #expect(try changed.luaTable().decode(Grouped.self) == changed)
    for (name, value, message) in [
      ("critics", LuaValue.table(LuaTable()), "unknown option 'critics'"), ("rates", .int(1), "unknown option 'rates'"),
      ("ensembel", .int(1), "unknown option 'ensembel' (did you mean 'ensemble'?)"), ("ensemble", .bool(true), "'ensemble' must be an integer, got boolean true"),
    ] {
      let error = #expect(throws: LuaError.self) { try LuaTable([(name, value)]).decode(Grouped.self) }
      #expect("\(try #require(error))".contains(message))
    }
  }
}

private struct Grouped: Options, Equatable {
  struct Rates: OptionGroup, Equatable {
    var learningRate: Float = 1e-3
    var weightDecay: Float?
  }
  struct Critics: OptionGroup, Equatable {
    var ensemble = 2
    var rates = Rates()
  }
  var steps = 10
  var critics: Critics = {
    var critics = Critics()
    critics.rates.learningRate = 0.5
    return critics
  }()
  var seed = 1
}
