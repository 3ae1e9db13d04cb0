using System.CommandLine;
using Palisade.Cli.Input;
using Palisade.Cli.Output;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Lab.Network;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Cli.Commands;

/// <summary>palisade render: the ruleset a node would get, as nft text.</summary>
internal static class RenderCommand
{
    // The lab's nodes have one uplink of this name; on another node the agent finds its own, which this command
    // cannot see.
    private const string Uplink = "eth0";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var node = new Option<string>("--node")
        {
            Description = "The node to render for; pods with this spec.nodeName have their gates there.",
            Required = true,
            HelpName = "NAME",
        };
        var source = new SourceOptions();
        var command = new Command("render", """
            Prints the nftables ruleset that the agent of a node commits, as `nft list table inet palisade` prints it.
            Interfaces are named as `palisade up` names them: the pod's name and a hash, and eth0 for the uplink.

            Example: palisade render --node node-1
            """);
        command.Options.Add(node);
        source.AddTo(command);
        command.SetAction(async (parsed, cancel) =>
        {
            var name = parsed.GetValue(node)!;
            var cluster = await ClusterSource.ReadAsync(parsed, source, cancel);
            cluster.Report(Console.Error);
            var snapshot = cluster.SnapshotOn(name);
            var known = snapshot.Nodes.Select(n => n.Name).Concat(snapshot.Endpoints.Select(e => e.Node))
                .Where(n => n.Length > 0).Distinct().Order(StringComparer.Ordinal).ToList();
            if (!known.Contains(name))
            {
                var there = known.Count == 0 ? "there is no node" : $"there is {string.Join(", ", known)}";
                throw new BadInputException($"no pod runs on a node {name}; {there}");
            }

            var ruleset =
                Lowering.Lower(PolicyCompiler.Compile(snapshot), name, Network(snapshot, name), new NodeSettings());
            Console.Out.Write(NftText.Print(ruleset));
            return cluster.HasErrors ? ExitCode.BadInput : ExitCode.Yes;
        });
        return command;
    }

    /// <summary>The network that `palisade up` would give the node: a link for each pod, and the uplink.</summary>
    private static NodeNetwork Network(ClusterSnapshot snapshot, string name)
    {
        var routes = from pod in snapshot.Endpoints
                     where pod.Node == name && !pod.HostNetwork
                     from address in pod.Addresses
                     select new HostRoute(InterfaceNames.For(pod.Namespace, pod.Name), address);
        var own = from node in snapshot.Nodes
                  where node.Name == name
                  from address in node.Addresses
                  select new OwnAddress(Uplink, address, address.Width / 2);
        return NodeNetwork.Of(routes, own, [Uplink]);
    }
}
