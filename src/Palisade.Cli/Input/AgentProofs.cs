using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.Cli.Output;
using Palisade.Kubernetes.Client;

namespace Palisade.Cli.Input;

/// <summary>
/// Proofs that nodes' agents make: asked for by an annotation of the Node, answered in another. So it takes no more
/// than the API: no agent listens for anybody.
/// </summary>
internal sealed class AgentProofs(KubeClient client)
{
    // The agent's ProofRounds has the same two.
    private const string Request = "palisade.dev/prove-requested";
    private const string Answer = "palisade.dev/proof";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    /// <summary>Asks one node or all, and waits for each answer; without one the object has a "problem".</summary>
    public async Task<List<JsonObject>> AskAsync(string? only, TimeSpan timeout, CancellationToken cancel)
    {
        var list = await client.SendAsync(HttpMethod.Get, KubeResource.Nodes.Collection(), null, cancel);
        var names = (list["items"]?.AsArray() ?? []).Select(item => (string)item!["metadata"]!["name"]!)
            .Where(name => only is null || name == only).Order(StringComparer.Ordinal).ToList();
        if (names.Count == 0)
            throw new BadInputException(only is null ? "the cluster has no nodes" : $"there is no Node {only}");
        var request = Guid.NewGuid().ToString("N");
        var began = Stopwatch.GetTimestamp();
        foreach (var name in names)
            await client.PatchAsync(
                KubeResource.Nodes, null, name, PatchKind.Merge, Annotation(Request, request), cancel);
        var proofs = new List<JsonObject>();
        foreach (var name in names)
            proofs.Add(await AnswerOfAsync(name, request, began, timeout, cancel));
        return proofs;
    }

    private static JsonObject Annotation(string name, string value) => new()
    {
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [name] = value } },
    };

    private async Task<JsonObject> AnswerOfAsync(
        string name, string request, long began, TimeSpan timeout, CancellationToken cancel)
    {
        while (true)
        {
            var node = await client.SendAsync(HttpMethod.Get, KubeResource.Nodes.Named(null, name), null, cancel);
            if (Parse((string?)node["metadata"]?["annotations"]?[Answer]) is { } proof
                && (string?)proof["request"] == request)
                return proof;
            if (Stopwatch.GetElapsedTime(began) > timeout)
            {
                return new()
                {
                    ["node"] = name,
                    ["problem"] = $"its agent did not answer in {timeout.TotalSeconds:0.#} s; does it run there?",
                };
            }

            await Task.Delay(Look, cancel);
        }
    }

    private static JsonObject? Parse(string? text)
    {
        try
        {
            return text is null ? null : JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;   // somebody else's words
        }
    }
}
