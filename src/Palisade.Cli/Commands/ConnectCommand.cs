using System.CommandLine;
using System.Text.Json;
using Palisade.Cli.Input;
using Palisade.Cli.Output;
using Palisade.Lab.Connect;
using Palisade.Policy.Evaluate;

namespace Palisade.Cli.Commands;

/// <summary>palisade connect: one real connection, with the verdict beside it.</summary>
internal static class ConnectCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var (connection, source, output) =
            (new ConnectionOptions(), new SourceOptions(), OutputOption.Create("text", "json"));
        var timeout = new Option<double>("--timeout")
        {
            Description = "Seconds to wait for an answer. Default 1: a policy drops in silence, "
                + "so a denied connection takes this long.",
            DefaultValueFactory = _ => 1,
        };
        var command = new Command("connect", """
            Opens one real connection from inside a pod of the running `palisade up`, and prints the verdict of its
            policies beside what it met. "refused" means that the packet arrived and nothing listens there.
            Exit code 0: an answer came back, 1: none did.

            Example: palisade connect dev-team/frontend dev-team/web --port 80
            """);
        connection.AddTo(command);
        command.Options.Add(source.Kubeconfig);
        command.Options.Add(source.Context);
        command.Options.Add(timeout);
        command.Options.Add(output);
        command.SetAction(async (parsed, cancel) =>
        {
            var question = connection.Read(parsed);
            var seconds = parsed.GetValue(timeout);
            if (seconds is not (> 0 and <= 60))
                throw new BadInputException($"--timeout {seconds}: more than 0 and at most 60 seconds");
            using var client = ClusterSource.Connect(parsed, source);
            var cluster = await ClusterSource.ReadAsync(client, cancel);
            cluster.Report(Console.Error);
            var answer = new NodeResolvers(cluster).Answer(question);
            var met = await new LabConnections(client).TryAsync(answer, TimeSpan.FromSeconds(seconds), cancel);
            var real = LiveAnswer.Of(answer, met);
            if (real.Problem is { } problem)
                throw new WorldFailedException(problem);
            if (parsed.GetValue(output) == "json")
                Json.Write(Console.OpenStandardOutput(), json => WriteJson(json, answer, real));
            else
                WriteText(Terminal.Standard(), answer, real);
            return real.Reached ? ExitCode.Yes : ExitCode.No;
        });
        return command;
    }

    private static void WriteText(Terminal terminal, Answer answer, LiveAnswer real)
    {
        var question = answer.Question;
        var word = ExplanationText.Word(terminal, answer.Verdict);
        terminal.WriteLine($"{word}  {question.From} -> {question.To}  {question.PortText}");
        terminal.WriteLine($"real   {real.Text} ({real.Milliseconds:0.0} ms)");
        if (real.Reached != (answer.Verdict == Verdict.Allow))
        {
            terminal.WriteLine(terminal.Yellow(
                "the two disagree: the policies may have changed a moment ago, or something else on the path drops or answers"));
        }
    }

    private static void WriteJson(Utf8JsonWriter json, Answer answer, LiveAnswer real)
    {
        json.WriteStartObject();
        ExplanationJson.WriteMembers(json, answer);
        real.WriteJson(json);
        json.WriteEndObject();
    }
}
