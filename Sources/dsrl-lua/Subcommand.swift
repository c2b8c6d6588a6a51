import ArgumentParser

/// `dsrl-lua WORD ...`, with options of its own.
protocol Subcommand: ParsableArguments {
  /// The line that its help begins with.
  static var usage: String { get }
}

extension Subcommand {
  /// What --help shows: the parser's page under our own line of usage.
  static func printHelp() {
    let page = helpMessage().split(separator: "\n", omittingEmptySubsequences: false)
    print("USAGE: \(usage)\n" + page.dropFirst().joined(separator: "\n"))
  }
}
