using System.CommandLine;
using Palisade.Agent.Metrics;
using Palisade.Dataplane.Network;
using Palisade.Policy.Sets;

namespace Palisade.Agent;

/// <summary>The command line of palisade-agent.</summary>
internal static class AgentCommand
{
    private const string About = """
        Enforces NetworkPolicy and ClusterNetworkPolicy for the pods of one node, in the network namespace it is started
        in.

        It follows Namespaces, Pods, Nodes, NetworkPolicies and (where the cluster has them) ClusterNetworkPolicies
        and keeps one nftables table, inet palisade, equal to what they mean. Where pods are ports of a bridge it also
        keeps bridge palisade, which says what a port may send; the node is not ready there without br_netfilter. It
        needs CAP_NET_ADMIN there (root, or root of a user namespace) and Linux 5.8 or newer. It touches no other table.
        Without the API server, or when it ends, the last tables stay in force.

        Standard output: one line "enforced RESOURCEVERSION [resource=RESOURCEVERSION ...]" each time the kernel has
        caught up with the API. Standard error: one line an event. The Node's status condition PalisadeReady is True
        once the first table is in force, PalisadeProved while the kernel's table means what the policies say.
        Exit codes: 0 ended as asked, 2 bad arguments or kubeconfig, 3 the kernel refused (no permission, too old).

        It keeps the last flows (what it denied and why, and connections) for `palisade flows`, on the socket flows.sock
        of its run directory, and tells denials as Events of the pods concerned.

        RBAC: get, list, watch on namespaces, pods, nodes, networkpolicies.networking.k8s.io and
        clusternetworkpolicies.policy.networking.k8s.io; patch on nodes/status; create and patch on events. With watch
        on customresourcedefinitions.apiextensions.k8s.io, ClusterNetworkPolicies are noticed as soon as the cluster
        gets them, otherwise within half a minute.
        """;

    /// <summary>The command; <paramref name="run"/> does the work and returns the exit code.</summary>
    public static RootCommand Create(Func<AgentOptions, CancellationToken, Task<int>> run)
    {
        var node = Node();
        var kubeconfig = new Option<string?>("--kubeconfig")
        {
            Description =
                "How to reach the API server ($KUBECONFIG or ~/.kube/config when absent; in a pod its service account)",
            HelpName = "FILE",
        };
        var uplink = new Option<string[]>("--uplink")
        {
            Description = "An interface that leads out of the node; may be repeated. Those with a default route or an "
                + "address of the Node, and tunnels, are found by themselves. Every other interface counts as a pod's: "
                + "until a pod claims it by a route to its address, or as the other end of a bridge's port, nothing passes "
                + "there",
            HelpName = "INTERFACE",
            DefaultValueFactory = _ => [],
        };
        var mode = new Option<EnforcementMode>("--mode")
        {
            Description = "enforce drops and counts what no policy allows; observe only counts it",
            HelpName = "enforce|observe",
            DefaultValueFactory = _ => EnforcementMode.Enforce,
        };
        var withStdin = new Option<bool>("--exit-with-stdin")
        {
            Description = "End when standard input ends, so that the agent does not outlive who started it",
        };
        var (prove, runDirectory, logGroup, resolver, metrics) =
            (ProveEvery(), RunDirectory(), LogGroup(), Resolver(), Metrics());
        var shared = new Option<bool>("--shared-table")
        {
            Description = "Do not own the table where the kernel can keep it for one program (Linux 6.9): others may "
                + "then write it, as on older kernels; what they write is noticed and undone",
        };
        uplink.Validators.Add(result =>
        {
            foreach (var name in result.GetValue(uplink) ?? [])
            {
                if (name.Length is 0 or > 15 || name.AsSpan().ContainsAny(" \t/\""))
                {
                    result.AddError(
                        $"'{name}' is no interface name: 1 to 15 characters, no space, no slash, no quote.");
                }
            }
        });
        var command = new RootCommand(About)
        {
            node, kubeconfig, uplink, resolver, mode, prove, shared, withStdin, runDirectory, logGroup, metrics,
        };
        command.SetAction((parsed, cancel) => run(
            new(
                parsed.GetValue(node)!, parsed.GetValue(kubeconfig), [.. parsed.GetValue(uplink) ?? []],
                parsed.GetValue(mode), parsed.GetValue(withStdin))
            {
                SharesTable = parsed.GetValue(shared),
                Resolvers = [.. (parsed.GetValue(resolver) ?? []).Select(Address.Parse)],
                ProveEvery = TimeSpan.FromSeconds(parsed.GetValue(prove)),
                RunDirectory = parsed.GetValue(runDirectory)!,
                LogGroup = parsed.GetValue(logGroup),
                Metrics = parsed.GetValue(metrics),
            },
            cancel));
        return command;
    }

    private static Option<string> Node()
    {
        var option = new Option<string>("--node")
        {
            Description = "Name of the Node to enforce for, as in `kubectl get nodes` ($NODE_NAME when absent)",
            HelpName = "NAME",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("NODE_NAME") ?? "",
        };
        option.Validators.Add(result =>
        {
            if (string.IsNullOrWhiteSpace(result.GetValue(option)))
                result.AddError(
                    "Option '--node' is required (or set NODE_NAME): the name of the Node this machine is.");
        });
        return option;
    }

    private static Option<string[]> Resolver()
    {
        var option = new Option<string[]>("--resolver")
        {
            Description = "The address of a DNS server as pods have it in their resolv.conf (the service's, or "
                + "NodeLocal DNS); may be repeated. For domainNames of ClusterNetworkPolicies: addresses are learned from "
                + "its answers to pods, and nobody else's",
            HelpName = "ADDRESS",
            DefaultValueFactory = _ => [],
        };
        option.Validators.Add(result =>
        {
            foreach (var text in result.GetValue(option) ?? [])
            {
                if (!Address.TryParse(text, out _))
                    result.AddError($"'{text}' is no address: write it as 10.96.0.10 or fd00::a.");
            }
        });
        return option;
    }

    private static Option<double> ProveEvery()
    {
        var option = new Option<double>("--prove-every")
        {
            Description = "How often the kernel's table is read back and compared with the policies on every cell; 0: "
                + "only when `palisade prove` asks",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => 300,
        };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is not (>= 0 and <= 86_400))
                result.AddError("Option '--prove-every' takes 0 to 86400 seconds.");
        });
        return option;
    }

    private static Option<string?> Metrics()
    {
        var option = new Option<string?>("--metrics")
        {
            Description = "Offer figures for Prometheus at http://ADDRESS/metrics: a loopback address with a port, or "
                + "unix:PATH. Otherwise none are offered",
            HelpName = "ADDRESS",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is { } text && MetricServer.Problem(text) is { } problem)
                result.AddError(problem);
        });
        return option;
    }

    private static Option<string> RunDirectory() => new("--run-directory")
    {
        Description = "Where the agent's socket is; made (0700) when it does not exist",
        HelpName = "DIR",
        DefaultValueFactory = _ => "/run/palisade",
    };

    private static Option<ushort> LogGroup() => new("--log-group")
    {
        Description = "The nflog group by which the kernel tells what it drops; 0: it tells nothing",
        HelpName = "N",
        DefaultValueFactory = _ => new NodeSettings().LogGroup,
    };
}
