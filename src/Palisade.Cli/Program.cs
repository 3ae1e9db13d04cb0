using System.CommandLine;
using Palisade.Cli.Commands;
using Palisade.Cli.Output;

if (PodInitCommand.Matches(args))
    return PodInitCommand.Run(args);

// kubectl-palisade (a link or copy of this binary) is the same command: kubectl passes its arguments on unchanged.
var root = new RootCommand("""
    The wall around Kubernetes pods: enforces NetworkPolicy on real packets, explains every verdict.

    Exit codes: 0 yes, done, all pass; 1 no, denied, findings; 2 bad input (diagnostics on stderr);
    3 the world failed (cluster, kernel).
    """)
{
    UpCommand.Create(),
    ExplainCommand.Create(),
    TestCommand.Create(),
    ConnectCommand.Create(),
    ProveCommand.Create(),
    FlowsCommand.Create(),
    ValidateCommand.Create(),
    RenderCommand.Create(),
    BenchCommand.Create(),
    VersionCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0 && parsed.Action is not System.CommandLine.Help.HelpAction)
{
    // Of a verb that does not exist the parser says three things, none of them that.
    var errors = parsed is { CommandResult.Command: RootCommand, UnmatchedTokens: [var word, ..] }
        ? [$"there is no command {word}"]
        : parsed.Errors.Select(error => error.Message);
    foreach (var error in errors)
        Console.Error.WriteLine($"palisade: {error}");
    var verb = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
    Console.Error.WriteLine($"See: palisade {verb}--help");
    return ExitCode.BadInput;
}

// `up` ends processes of its own first, which may use up their grace; the usual two seconds would cut that short. The
// others have nothing to end: Ctrl-C stops them where they are, be it in reading standard input.
var invocation = new InvocationConfiguration
{
    EnableDefaultExceptionHandler = false,
    ProcessTerminationTimeout =
        parsed.CommandResult.Command.Name is "up" or "flows" ? TimeSpan.FromSeconds(10) : null,
};
return await Failures.GuardAsync(() => parsed.InvokeAsync(invocation));
