using System.CommandLine;
using System.Text.Json;
using Palisade.Cli.Input;
using Palisade.Cli.Output;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Validate;
using Palisade.Manifests;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Cli.Commands;

/// <summary>palisade validate: what a kube-apiserver would answer to each object.</summary>
internal static class ValidateCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var files = new SourceOptions().Files;
        files.Required = true;
        files.Description = "Manifests: a file, a directory (read recursively), or - for standard input. Repeatable.";
        var version = new Option<string>("--kube-version")
        {
            Description = "The Kubernetes release to answer as. Default 1.35; from 1.36 on, odd CIDRs are errors.",
            DefaultValueFactory = _ => KubeVersion.Default.ToString(),
        };
        var output = OutputOption.Create("text", "json");
        var command = new Command("validate", """
            What a kube-apiserver would answer to each object: its causes and warnings, in its own words, with place.
            Beyond that it warns of ClusterNetworkPolicies of equal priority that disagree (PL-D020).
            Exit code 0: all accepted (warnings included), 1: some object refused, 2: some document cannot be read.

            Example: palisade validate -f examples/exercise
            """);
        command.Options.Add(files);
        command.Options.Add(version);
        command.Options.Add(output);
        command.SetAction(parsed =>
        {
            var text = parsed.GetValue(version);
            if (!KubeVersion.TryParse(text, out var release))
                throw new BadInputException($"--kube-version {text}: write a release such as 1.35");
            var set = ManifestSet.Load(parsed.GetValue(files)!, new() { Version = release });
            var notes = Beyond(set.Snapshot).ToLookup(note => note.At);
            var unreadable = set.Diagnostics.Where(d => d.Object is null && d.Severity == Severity.Error).ToList();
            if (parsed.GetValue(output) == "json")
                Json.Write(Console.OpenStandardOutput(), json => WriteJson(json, set, notes));
            else
                WriteText(Terminal.Standard(), set, notes);
            // What belongs to no object has no place among the answers; it stands on stderr in either format.
            foreach (var diagnostic in set.Diagnostics.Where(d => d.Object is null))
                Console.Error.WriteLine(diagnostic);
            return unreadable.Count > 0 ? ExitCode.BadInput
                : set.Documents.Any(d => !d.Causes.IsEmpty) ? ExitCode.No : ExitCode.Yes;
        });
        return command;
    }

    // Manifests of policies alone are compared as for pods that could be; with pods, as for those.
    private static IEnumerable<Diagnostic> Beyond(ClusterSnapshot cluster) =>
        cluster.ClusterNetworkPolicies.Length < 2 ? []
        : cluster.Endpoints.IsEmpty ? PriorityDiagnostics.Of(cluster.ClusterNetworkPolicies)
        : PriorityDiagnostics.Of(PolicyCompiler.Compile(cluster));

    private static void WriteText(
        Terminal terminal, ManifestSet set, ILookup<SourceLocation, Diagnostic> notes)
    {
        foreach (var document in set.Documents)
        {
            var word = document.Causes.IsEmpty ? terminal.Green("ok     ") : terminal.Red("refused");
            terminal.WriteLine($"{word}  {document.At}: {document.Title}");
            foreach (var cause in document.Causes)
            {
                var text = cause.Field.Length == 0 ? cause.Message : cause.ToString();
                terminal.WriteLine($"         {document.At.File}:{cause.At.Line}:{cause.At.Column}: {text}");
            }

            foreach (var warning in document.Warnings)
            {
                var place = $"{document.At.File}:{warning.At.Line}:{warning.At.Column}";
                terminal.WriteLine($"         {place}: {terminal.Yellow("Warning")}: {warning.Text}");
            }

            // No API server says this: it judges each object by itself.
            foreach (var note in notes[document.At])
                terminal.WriteLine($"         {note.At}: {terminal.Yellow("Warning")} {note.Id}: {note.Text}");
        }

        var refused = set.Documents.Count(d => !d.Causes.IsEmpty);
        terminal.WriteLine($"{set.Documents.Length - refused} accepted, {refused} refused");
    }

    private static void WriteJson(
        Utf8JsonWriter json, ManifestSet set, ILookup<SourceLocation, Diagnostic> notes)
    {
        json.WriteStartArray();
        foreach (var document in set.Documents)
        {
            json.WriteStartObject();
            json.WriteString("file", document.At.File);
            json.WriteNumber("line", document.At.Line);
            json.WriteString("kind", document.Kind);
            json.WriteString("namespace", document.Namespace);
            json.WriteString("name", document.Name);
            json.WriteStartArray("causes");
            foreach (var cause in document.Causes)
            {
                json.WriteStartObject();
                json.WriteString("reason", cause.Reason);
                json.WriteString("field", cause.Field);
                json.WriteString("message", cause.Message);
                json.WriteNumber("line", cause.At.Line);
                json.WriteNumber("column", cause.At.Column);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("warnings");
            foreach (var warning in document.Warnings)
                json.WriteStringValue(warning.Text);
            foreach (var note in notes[document.At])
                json.WriteStringValue($"{note.Id}: {note.Text}");
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
