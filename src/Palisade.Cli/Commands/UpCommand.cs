using System.CommandLine;
using Palisade.Lab;

namespace Palisade.Cli.Commands;

/// <summary>`palisade up`: a cluster on this machine, until it is interrupted.</summary>
internal static class UpCommand
{
    private const int WorldFailed = 3;

    private const string About = """
        Run a Kubernetes-compatible cluster on this machine: an API server for kubectl, nodes and their pods as network
        namespaces, and on every node the agent that enforces NetworkPolicy on their real packets.

        A pod's image is not pulled. Instead a built-in server listens on its declared containerPorts (TCP: HTTP that
        answers with the pod's name; UDP: echo; SCTP: INIT ACK), or on TCP 80 when it declares none. A container with a
        command runs that program of this machine, as you, inside the pod's namespace.

        Nothing in the machine's own network is touched. Ctrl-C ends everything; the data directory keeps objects, keys,
        port and the pods' addresses for the next start. With fewer nodes than before, the pods of the others are made
        again on those that stay. It needs root, or a user namespace of its own, which ./palisade enters by itself.
        """;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var nodes = new Option<int>("--nodes")
        {
            Description = "How many nodes",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        var data = new Option<string>("--data")
        {
            Description = "Where objects, keys, kubeconfig and logs are kept",
            HelpName = "DIR",
            DefaultValueFactory = _ => DefaultDirectory(),
        };
        var port = new Option<int?>("--port")
        {
            Description = "The API server's port on 127.0.0.1; otherwise the last one, at first a free one",
            HelpName = "PORT",
        };
        var network = new Option<LabCni>("--cni")
        {
            Description = "How pods are connected: routed by a link each that the node has a route to, bridged as "
                + "ports of one bridge on each node, as most network plugins do (it needs br_netfilter)",
            HelpName = "routed|bridged",
            DefaultValueFactory = _ => LabCni.Routed,
        };
        var demo = new Option<bool>("--demo")
        {
            Description = "Create the namespace dev-team with web (pod and Service, port 80), frontend and stranger",
        };
        var effects = new Option<PolicyEffect>("--effects")
        {
            Description = "What to do about connections between pods that a policy's write opens or closes: told, "
                + "as warnings in the answer; refused, where it closes any",
            HelpName = "ignored|told|refused",
            DefaultValueFactory = _ => PolicyEffect.Told,
        };
        network.AcceptOnlyFromAmong("routed", "bridged");
        effects.AcceptOnlyFromAmong("ignored", "told", "refused");
        nodes.Validators.Add(result =>
        {
            if (result.GetValue(nodes) is < 1 or > LabCluster.MostNodes)
                result.AddError($"--nodes must be 1 to {LabCluster.MostNodes}.");
        });
        port.Validators.Add(result =>
        {
            if (result.GetValue(port) is < 1 or > ushort.MaxValue)
                result.AddError("--port must be 1 to 65535.");
        });
        var command = new Command("up", About) { nodes, data, port, network, demo, effects };
        command.SetAction((parsed, cancel) => RunAsync(
            new LabOptions
            {
                DataDirectory = parsed.GetValue(data)!,
                Nodes = parsed.GetValue(nodes),
                Cni = parsed.GetValue(network),
                Port = parsed.GetValue(port),
                Effects = parsed.GetValue(effects),
                Say = text => Console.Error.WriteLine($"palisade: {text}"),
            },
            parsed.GetValue(demo),
            cancel));
        return command;
    }

    /// <summary>Where `up` keeps its data unless told otherwise: below the user's state folder.</summary>
    internal static string DefaultDirectory()
    {
        var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        // An XDG path that is not absolute is to be ignored (XDG base directory specification).
        if (string.IsNullOrEmpty(state) || !Path.IsPathRooted(state))
            state = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        return Path.Combine(state, "palisade");
    }

    private static async Task<int> RunAsync(LabOptions options, bool demo, CancellationToken cancel)
    {
        // What is interrupted before its task is returned is not waited for: the process would just go.
        await Task.Yield();
        try
        {
            Console.WriteLine($"starting {Nodes(options.Nodes)}; data in {Path.GetFullPath(options.DataDirectory)}");
            await using var lab = await LabCluster.StartAsync(options, cancel);
            if (demo)
                lab.CreateDemo();
            Introduce(lab, demo);
            await lab.WaitReadyAsync(cancel);
            Console.WriteLine(
                $"ready: {Nodes(options.Nodes)} {(options.Nodes == 1 ? "enforces" : "enforce")} NetworkPolicy."
                + " Ctrl-C ends it; the data stays");
            await Task.Delay(Timeout.Infinite, cancel);
        }
        catch (LabException refusal)
        {
            Console.Error.WriteLine($"palisade: {refusal.Message}");
            return WorldFailed;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Console.WriteLine("ended; nothing is left running");
        }

        return 0;
    }

    private static string Nodes(int count) => count == 1 ? "1 node" : $"{count} nodes";

    private static void Introduce(LabCluster lab, bool demo)
    {
        Console.WriteLine($"""
              API server   {lab.Server.Url}
              nodes        {string.Join(", ", lab.Nodes)}
              kubeconfig   {lab.KubeconfigFile}
              to read only {lab.ViewerKubeconfigFile}
              logs         {lab.LogDirectory}

            Try, in another terminal:
              export KUBECONFIG={lab.KubeconfigFile}
            """);
        string[] lines = demo
            ?
            [
                "kubectl get pods -n dev-team -o wide",
                "kubectl exec -n dev-team frontend -- curl -s web",
                "kubectl apply -f examples/exercise/allow-web.yaml",
                "kubectl exec -n dev-team stranger -- curl -s --max-time 2 web",
                "palisade explain dev-team/stranger dev-team/web --port 80",
            ]
            :
            [
                "kubectl create namespace dev-team",
                "kubectl run web -n dev-team --image=nginx --port=80 --labels=app=web",
                "kubectl get pods -A -o wide",
            ];
        foreach (var line in lines)
            Console.WriteLine($"  {line}");
        if (!IsOnPath("kubectl"))
            Console.WriteLine(
                "kubectl is not on your PATH: install your distribution's package (kubectl, kubernetes-client), or see"
                + " kubernetes.io/docs/tasks/tools");
        Console.WriteLine();
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Any(directory => File.Exists(Path.Combine(directory, program)));
}
