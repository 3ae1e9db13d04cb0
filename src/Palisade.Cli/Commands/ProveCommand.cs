using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.Cli.Input;
using Palisade.Cli.Output;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Compile;

namespace Palisade.Cli.Commands;

/// <summary>palisade prove: whether kernels decide every packet as the policies say.</summary>
internal static class ProveCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var (source, output) = (new SourceOptions(), OutputOption.Create("text", "json"));
        var node = new Option<string?>("--node")
        {
            Description = "Only this node. With --local: which node this machine is.",
            HelpName = "NAME",
        };
        var local = new Option<bool>("--local")
        {
            Description = "Read the kernel of this machine (or network namespace) instead of asking agents. "
                + "Needs CAP_NET_ADMIN.",
        };
        var uplink = new Option<string[]>("--uplink")
        {
            Description = "With --local: an interface that leads out, as given to the agent.",
            HelpName = "INTERFACE",
            DefaultValueFactory = _ => [],
        };
        var timeout = new Option<double>("--timeout")
        {
            Description = "Seconds to wait for agents. Default 60.",
            DefaultValueFactory = _ => 60,
        };
        var command = new Command("prove", """
            Reads each node's nftables table back from its kernel, decodes it by code that shares nothing with what
            wrote it, and compares what it does with what the policies say: for each pod of the node and direction,
            every address, protocol and port. A difference names a packet that shows it, the policy's rule and the
            kernel's. The node's agent does it; its last proof is also the Node's condition PalisadeProved.
            Exit code 0: all equal, 1: some cell differs, 3: an agent did not answer.

            Example: palisade prove
            Example: palisade prove --local --node node-1
            """);
        command.Options.Add(node);
        command.Options.Add(local);
        command.Options.Add(uplink);
        command.Options.Add(timeout);
        source.AddTo(command);
        command.Options.Add(output);
        command.SetAction(async (parsed, cancel) =>
        {
            var name = parsed.GetValue(node);
            var seconds = parsed.GetValue(timeout);
            if (seconds is not (> 0 and <= 3600))
                throw new BadInputException($"--timeout {seconds}: more than 0 and at most 3600 seconds");
            List<JsonObject> proofs;
            if (parsed.GetValue(local))
            {
                var cluster = await ClusterSource.ReadAsync(parsed, source, cancel);
                cluster.Report(Console.Error);
                proofs = [Local(cluster, name, [.. parsed.GetValue(uplink) ?? []], cancel)];
            }
            else if (parsed.GetValue(source.Files) is { Length: > 0 })
                throw new BadInputException("manifests can be compared with this machine's kernel only: add --local");
            else
            {
                using var client = ClusterSource.Connect(parsed, source);
                proofs = await new AgentProofs(client).AskAsync(name, TimeSpan.FromSeconds(seconds), cancel);
            }

            if (parsed.GetValue(output) == "json")
                Json.Write(Console.OpenStandardOutput(), json => WriteJson(json, proofs));
            else
                ProofText.Write(Terminal.Standard(), proofs);
            return proofs.Any(proof => proof["problem"] is not null) ? ExitCode.WorldFailed
                : proofs.All(ProofText.Holds) ? ExitCode.Yes : ExitCode.No;
        });
        return command;
    }

    /// <summary>docs/schemas/prove.json.</summary>
    private static void WriteJson(Utf8JsonWriter json, List<JsonObject> proofs)
    {
        json.WriteStartObject();
        json.WriteStartArray("nodes");
        foreach (var proof in proofs)
            proof.WriteTo(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static JsonObject Local(
        ClusterSource cluster, string? name, string[] uplinks, CancellationToken cancel)
    {
        var node = name ?? Environment.MachineName;
        var nodes = cluster.Snapshot.Nodes.Select(n => n.Name).ToList();
        if (!nodes.Contains(node))
        {
            throw new BadInputException(
                $"there is no Node {node}: name the one this machine is by --node ({string.Join(", ", nodes)})");
        }

        try
        {
            using var socket = new NftSocket();
            using var routing = new RtSocket();
            var proof = Prover.Read(socket).Prove(
                PolicyCompiler.Compile(cluster.SnapshotOn(node)), node, NodeNetwork.Read(routing),
                new NodeSettings { Uplinks = [.. uplinks] }, cancel);
            return ProofJson.Of(proof);
        }
        catch (KernelException e)
        {
            throw new WorldFailedException(
                $"{e.Message}; it takes CAP_NET_ADMIN in the node's network namespace to read its table", e);
        }
    }
}
