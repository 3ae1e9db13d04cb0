using System.Globalization;
using System.Text.Json.Nodes;

namespace Palisade.Cli.Output;

/// <summary>Proofs of nodes, for people.</summary>
internal static class ProofText
{
    /// <summary>Whether a node's proof says that all is equal.</summary>
    public static bool Holds(JsonObject proof) => (bool?)proof["holds"] == true;

    /// <summary>Each node with its differences; last how many nodes, cells and differences there are.</summary>
    public static void Write(Terminal terminal, IReadOnlyList<JsonObject> proofs)
    {
        long cells = 0, different = 0;
        foreach (var proof in proofs)
        {
            var name = (string?)proof["node"];
            if ((string?)proof["problem"] is { } problem)
            {
                terminal.WriteLine($"{terminal.Yellow("unknown")}  {name}: {problem}");
                continue;
            }

            var (all, wrong) = ((long?)proof["cells"] ?? 0, (long?)proof["differentCells"] ?? 0);
            (cells, different) = (cells + all, different + wrong);
            var word = Holds(proof) ? terminal.Green("proved ") : terminal.Red("differs");
            terminal.WriteLine($"{word}  {name}: {Number(all)} cells in {proof["milliseconds"]} ms"
                + (wrong == 0 ? "" : $", {Number(wrong)} differ"));
            foreach (var difference in proof["differences"]?.AsArray() ?? [])
                Write(terminal, difference!.AsObject());
            foreach (var text in proof["notCompared"]?.AsArray() ?? [])
                terminal.WriteLine($"         {terminal.Yellow("not compared")} {text}");
        }

        terminal.WriteLine(
            $"{proofs.Count} {(proofs.Count == 1 ? "node" : "nodes")}, {Number(cells)} cells compared, "
            + $"{Number(different)} different");
    }

    private static void Write(Terminal terminal, JsonObject difference)
    {
        var cells = (long?)difference["cells"] ?? 0;
        var alike = cells > 1 ? $", and {Number(cells - 1)} cells alike" : "";
        terminal.WriteLine($"         {difference["kind"]}: {Packet(difference["packet"])}{alike}");
        terminal.WriteLine($"           policy  {difference["policy"]}");
        terminal.WriteLine($"           kernel  {difference["kernel"]}");
    }

    private static string Packet(JsonNode? packet)
    {
        if (packet is null)
            return "every packet";
        var port = packet["port"] is { } number ? $" {number}" : "";
        var (input, output) = ((string?)packet["input"], (string?)packet["output"]);
        var way = (string.IsNullOrEmpty(input) ? "from the node" : $"in by {input}")
            + (string.IsNullOrEmpty(output) ? "" : $", out by {output}");
        return $"{packet["protocol"]}{port} {packet["from"]} -> {packet["to"]} ({way}, {packet["state"]})";
    }

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
