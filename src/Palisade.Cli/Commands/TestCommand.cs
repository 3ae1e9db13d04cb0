using System.Collections.Immutable;
using System.CommandLine;
using Palisade.Cli.Input;
using Palisade.Cli.Output;
using Palisade.Manifests.Tests;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;

namespace Palisade.Cli.Commands;

/// <summary>palisade test: PolicyTest assertions, by the evaluator or by real connections.</summary>
internal static class TestCommand
{
    // A denied connection meets silence; on one machine an answer takes less than a millisecond.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var files = new Argument<string[]>("TESTFILE")
        {
            Description = "PolicyTest files (palisade.dev/v1); - reads standard input.",
            Arity = ArgumentArity.OneOrMore,
        };
        var live = new Option<bool>("--live")
        {
            Description =
                "Open real connections from the pods of the running `palisade up` instead; addresses (ip:) live in a "
                + "namespace outside the nodes. The evaluator's verdict is asked as well, and a disagreement fails.",
        };
        var (source, output) = (new SourceOptions(), OutputOption.Create("text", "json"));
        var command = new Command("test", """
            Runs the probes of PolicyTest files and compares each verdict with what it should be.
            Exit code 0: all pass, 1: some fail.

            Example: palisade test -f examples/exercise examples/exercise/walls-and-doors.test.yaml
            """);
        command.Arguments.Add(files);
        source.AddTo(command);
        command.Options.Add(live);
        command.Options.Add(output);
        command.SetAction(async (parsed, cancel) =>
        {
            var tests = PolicyTests.Read(parsed.GetValue(files)!, Console.Error);
            if (parsed.GetValue(live) && parsed.GetValue(source.Files) is { Length: > 0 })
                throw new BadInputException(
                    "--live asks the running cluster; apply the manifests there instead of giving -f");
            if (tests.Tests.IsEmpty)
                throw new BadInputException("no test could be read");
            var cluster = await ClusterSource.ReadAsync(parsed, source, cancel);
            cluster.Report(Console.Error);
            var names = from test in tests.Tests from name in test.Names select new DomainName(name.Key, name.Value);
            var results = Judge(tests.Tests, new(cluster, [.. names]));
            if (parsed.GetValue(live))
            {
                using var client = ClusterSource.Connect(parsed, source);
                results = await ProbeResult.WithLiveAsync(results, new(client), Timeout, cancel);
            }

            if (parsed.GetValue(output) == "json")
                Json.Write(Console.OpenStandardOutput(), json => TestReport.WriteJson(json, results));
            else
                TestReport.WriteText(Terminal.Standard(), results);
            return tests.Broken || cluster.HasErrors || results.Any(r => r.Problem is not null) ? ExitCode.BadInput
                : results.All(r => r.Passed) ? ExitCode.Yes : ExitCode.No;
        });
        return command;
    }

    private static ImmutableArray<ProbeResult> Judge(ImmutableArray<PolicyTest> tests, NodeResolvers resolver) =>
        [.. from test in tests from probe in test.Probes select Judge(test, probe, resolver)];

    /// <summary>One bad probe never hides the answers about the others: it is reported in its place.</summary>
    private static ProbeResult Judge(PolicyTest test, PolicyProbe probe, NodeResolvers resolver)
    {
        try
        {
            var question = new Question(
                EndpointText.Parse(probe.From), EndpointText.Parse(probe.To), probe.Protocol, probe.Port, probe.Family);
            return new(test.Name, probe, resolver.Answer(question), null, null);
        }
        catch (BadInputException e)
        {
            return new(test.Name, probe, null, null, e.Message);
        }
    }
}
