using System.CommandLine;
using System.Text.Json;
using Palisade.Cli.Input;
using Palisade.Cli.Output;
using Palisade.Kubernetes.Convert;
using Palisade.Policy.Evaluate;

namespace Palisade.Cli.Commands;

/// <summary>palisade explain: the verdict of one connection, and why.</summary>
internal static class ExplainCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var (connection, source, output) =
            (new ConnectionOptions(), new SourceOptions(), OutputOption.Create("text", "json"));
        var command = new Command("explain", """
            The verdict for one connection, the deciding rule of each side, and for a denied one what came close.
            Exit code 0: allowed, 1: denied, 2: bad input (the answer is then given without what was refused).

            Example: palisade explain dev-team/frontend dev-team/web --port 80 -f examples/exercise
            """);
        connection.AddTo(command);
        source.AddTo(command);
        command.Options.Add(output);
        command.SetAction(async (parsed, cancel) =>
        {
            var question = connection.Read(parsed);
            var cluster = await ClusterSource.ReadAsync(parsed, source, cancel);
            var resolver = new NodeResolvers(cluster).For(question);
            var ties = PriorityDiagnostics.Of(resolver.Policy);
            cluster = cluster with { Diagnostics = [.. cluster.Diagnostics, .. ties] };
            cluster.Report(Console.Error);
            var answer = resolver.Answer(question);
            if (parsed.GetValue(output) == "json")
                Json.Write(Console.OpenStandardOutput(), json => WriteJson(json, answer, cluster));
            else
                ExplanationText.Write(Terminal.Standard(), answer);
            return cluster.HasErrors ? ExitCode.BadInput : answer.Verdict == Verdict.Allow ? ExitCode.Yes : ExitCode.No;
        });
        return command;
    }

    private static void WriteJson(Utf8JsonWriter json, Answer answer, ClusterSource cluster)
    {
        json.WriteStartObject();
        ExplanationJson.WriteMembers(json, answer);
        ExplanationJson.WriteDiagnostics(json, cluster.Diagnostics);
        json.WriteEndObject();
    }
}
