using System.CommandLine;
using Palisade.Cli.Output;
using Palisade.Manifests.Generate;

namespace Palisade.Cli.Commands;

/// <summary>palisade bench: clusters to measure with.</summary>
internal static class BenchCommand
{
    /// <summary>The command.</summary>
    public static Command Create() => new("bench", "Clusters to measure with.") { Generate() };

    private static Command Generate()
    {
        var shape = new Argument<string>("SHAPE") { Description = "One of the shapes above." };
        var seed = new Option<ulong>("--seed")
        {
            Description = "Equal seeds give equal bytes. Default 1.",
            DefaultValueFactory = _ => 1,
            HelpName = "N",
        };
        var command = new Command("gen", $"""
            Writes a benchmark cluster as manifests to standard output, one object a line.

            Shapes:
            {BenchmarkShape.Help}

            Example: palisade bench gen size:1000,100,50 >cluster.yaml
            """);
        command.Arguments.Add(shape);
        command.Options.Add(seed);
        command.SetAction(parsed =>
        {
            var wanted = BenchmarkShape.TryParse(parsed.GetValue(shape)!, out var why)
                ?? throw new BadInputException($"{why}. The shapes:\n{BenchmarkShape.Help}");
            using var output = Console.OpenStandardOutput();
            ManifestWriter.Write(output, wanted.Generate(parsed.GetValue(seed)));
            return ExitCode.Yes;
        });
        return command;
    }
}
