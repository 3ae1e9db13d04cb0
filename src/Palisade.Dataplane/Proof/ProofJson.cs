using System.Text.Json.Nodes;

namespace Palisade.Dataplane.Proof;

/// <summary>
/// A proof as JSON, the same in the agent's annotation and in the output of `palisade prove -o json`
/// (docs/schemas/prove.json).
/// </summary>
public static class ProofJson
{
    /// <summary>The proof with at most so many of its differences.</summary>
    public static JsonObject Of(NodeProof proof, int differences = NodeProof.DifferenceLimit) => new()
    {
        ["node"] = proof.Node,
        ["holds"] = proof.Holds,
        ["cells"] = proof.Cells,
        ["differentCells"] = proof.DifferentCells,
        ["milliseconds"] = Math.Round(proof.Took.TotalMilliseconds),
        ["differences"] = new JsonArray([.. proof.Differences.Take(differences).Select(Difference)]),
        ["notCompared"] = new JsonArray(
            [.. proof.NotCompared.Take(differences).Select(text => (JsonNode)JsonValue.Create(text))]),
    };

    private static JsonNode Difference(Difference difference) => new JsonObject
    {
        ["kind"] = difference.Kind switch
        {
            DifferenceKind.Leak => "leak",
            DifferenceKind.Loss => "loss",
            DifferenceKind.Unproved => "unproved",
            _ => "noTable",
        },
        ["cells"] = difference.Cells,
        ["packet"] = difference.Packet is not { } packet ? null : new JsonObject
        {
            ["from"] = packet.From.ToString(),
            ["to"] = packet.To.ToString(),
            ["protocol"] = packet.Protocol,
            ["port"] = packet.Port,
            ["input"] = packet.Input,
            ["output"] = packet.Output,
            ["state"] = packet.State,
        },
        ["policy"] = difference.Policy,
        ["kernel"] = difference.Kernel,
    };
}
