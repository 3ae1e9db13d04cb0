using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof;
using Palisade.Kubernetes.Client;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Agent;

/// <summary>A proof and when it was made.</summary>
internal sealed record DatedProof(NodeProof Proof, DateTimeOffset At);

/// <summary>
/// Now and then, and when `palisade prove` asks, compares the kernel's table with the policies that were applied. The
/// kernel is read between two passes; the comparison has a thread of its own and holds nothing up. The result stands
/// in the log, and on the Node: condition PalisadeProved and annotation palisade.dev/proof.
/// </summary>
internal sealed class ProofRounds(KubeClient client, AgentOptions options, AgentLog log, TimeProvider time)
{
    /// <summary>On a Node: who asks for a proof writes a word here that no one wrote before.</summary>
    public const string RequestAnnotation = "palisade.dev/prove-requested";

    /// <summary>On a Node: the last proof as JSON, and which request it answers.</summary>
    public const string ProofAnnotation = "palisade.dev/proof";

    /// <summary>So soon after the start the first one is made, when pods have settled.</summary>
    private static readonly TimeSpan FirstAfter = TimeSpan.FromSeconds(30);

    /// <summary>Differences on the Node; an annotation is for people's eyes, and all of them stay below 256 KiB.
    /// </summary>
    private const int PublishedDifferences = 8;

    private readonly long _began = time.GetTimestamp();
    private readonly NodeCondition _condition = new("PalisadeProved");
    private volatile DatedProof? _latest;
    private long? _last;
    private string _answered = "";

    /// <summary>The last proof; null before the first. Any thread.</summary>
    public DatedProof? Latest => _latest;

    /// <summary>The proof under way, or the last one.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Whether a proof should be made now.</summary>
    /// <param name="request">What stands in the Node's request annotation.</param>
    public bool IsDue(string request)
    {
        if (!Running.IsCompleted)
            return false;
        if (request.Length > 0 && request != _answered)
            return true;
        var waited = _last is { } last ? time.GetElapsedTime(last) : time.GetElapsedTime(_began);
        return options.ProveEvery > TimeSpan.Zero
            && waited >= (_last is null && FirstAfter < options.ProveEvery ? FirstAfter : options.ProveEvery);
    }

    /// <summary>Begins a comparison of what was read with what was applied.</summary>
    public void Begin(
        Prover kernel, ClusterSnapshot cluster, NodeNetwork network, NodeSettings settings, string request,
        Action differs, CancellationToken cancel)
    {
        _last = time.GetTimestamp();
        _answered = request;
        Running = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    // Compiled anew: what the engine keeps goes on meanwhile, and it too could be wrong.
                    var policy = PolicyCompiler.Compile(cluster);
                    var proof = kernel.Prove(policy, options.Node, network, settings, cancel);
                    _latest = new(proof, time.GetUtcNow());
                    Tell(proof);
                    if (!proof.Holds)
                        differs();
                    return PublishAsync(proof, request, cancel);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // A defect of the proof says nothing about the table; nobody else would hear of it.
                    log.Fail("proof-failed", ("reason", e.ToString()));
                    return Task.CompletedTask;
                }
            },
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    private void Tell(NodeProof proof)
    {
        log.Write(
            proof.Holds ? "info" : "error", proof.Holds ? "proved" : "kernel-differs", ("cells", proof.Cells),
            ("differentCells", proof.DifferentCells), ("ms", (int)proof.Took.TotalMilliseconds));
        foreach (var difference in proof.Differences.Take(PublishedDifferences))
        {
            log.Fail(
                "difference", ("kind", difference.Kind), ("packet", difference.Packet),
                ("policy", difference.Policy), ("kernel", difference.Kernel));
        }
    }

    private async Task PublishAsync(NodeProof proof, string request, CancellationToken cancel)
    {
        var now = NodeCondition.TextOf(time.GetUtcNow());
        var json = ProofJson.Of(proof, PublishedDifferences);
        json["at"] = now;
        json["request"] = request;
        var first = proof.Differences.FirstOrDefault();
        var condition = _condition.Say(
            proof.Holds ? "True" : "False",
            proof.Holds ? "KernelEqualsPolicy" : "KernelDiffers",
            proof.Holds
                ? string.Create(CultureInfo.InvariantCulture, $"{proof.Cells} cells compared, all equal")
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{proof.DifferentCells} of {proof.Cells} cells differ; {first!.Kind} of {first.Packet}: "
                    + $"{first.Policy}; the kernel {first.Kernel}"),
            now);
        // The status subresource of a Node takes annotations as well, as the kubelet's own patches do.
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["annotations"] = new JsonObject { [ProofAnnotation] = json.ToJsonString() },
            },
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) },
        };
        try
        {
            await client.PatchAsync(
                KubeResource.Nodes, null, options.Node, PatchKind.StrategicMerge, patch, cancel, "status")
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException or IOException)
        {
            log.Warn("publish-failed", ("node", options.Node), ("reason", e.Message));
        }
    }
}
