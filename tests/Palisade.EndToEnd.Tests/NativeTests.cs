using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>
/// The programs of ./build.sh publish do what those of the build do: ahead-of-time compilation may leave out code that
/// nothing seems to call, so it is not enough that they link.
/// </summary>
public sealed class NativeTests
{
    /// <summary>Every verb that needs no cluster, in each of its formats, with what is refused.</summary>
    public static TheoryData<string> Offline =>
    [
        "version",
        "--help",
        "explain --help",
        "up --help",
        "bench gen --help",
        "",
        "explian a b",
        "[suggest] exp",
        "explain dev-team/frontend dev-team/web -f examples/exercise",
        "explain dev-team/stranger dev-team/web -p 80 -o json -f examples/exercise",
        "explain ip:203.0.113.9 dev-team/web --family 4 -f examples/exercise",
        "explain ns-0/Deployment/app-0 ns-1/Deployment/app-0 -f GENERATED",
        "explain ns-0/Deployment/app-0 ns-1/Deployment/app-0 -f GENERATED -o json",
        "explain dev-team/nobody dev-team/web -f examples/exercise",
        "explain dev-team/frontend dev-team/web -f BAD",
        "explain a/b c/d --kubeconfig BAD",
        "explain a/b c/d --kubeconfig KUBECONFIG --context there-is-none",
        "explain a/b c/d --kubeconfig KUBECONFIG",
        "test examples/exercise/walls-and-doors.test.yaml -f examples/exercise",
        "test examples/exercise/walls-and-doors.test.yaml -f examples/exercise -o json",
        "test examples/exercise/walls-and-doors.test.yaml -f examples/exercise -o junit",
        "validate -f examples/exercise",
        "validate -f examples/exercise -o json",
        "validate -f BAD",
        "validate -f BAD -o json --kube-version 1.36",
        "validate -f GENERATED",
        "render --node node-1 -f NODE",
        "render --node node-9 -f NODE",
        "bench gen size:50,20,5 --seed 7",
        "bench gen nonsense",
    ];

    private const string Bad = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: Odd_Name, namespace: dev-team }
        spec:
          podSelector: { matchExpressions: [ { key: a, operator: Near } ] }
          ingress: [ { ports: [ { port: 0 } ] } ]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: dev-team, unknown: 3 }
        spec: { containers: [ { name: a, image: b, ports: [ { containerPort: eighty } ] } ] }
        ---
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: { name: wall }
        spec: { tier: Admin, priority: 5000, subject: { namespaces: {} } }
        ---
        not: [ closed
        """;

    private const string Kubeconfig = """
        apiVersion: v1
        kind: Config
        clusters: [ { name: c, cluster: { server: "https://127.0.0.1:1" } } ]
        users: [ { name: u, user: { token: t } } ]
        contexts: [ { name: x, context: { cluster: c, user: u } } ]
        current-context: x
        """;

    private const string Node = """
        apiVersion: v1
        kind: Node
        metadata: { name: node-1 }
        status: { addresses: [ { type: InternalIP, address: 192.0.2.1 } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: dev-team, labels: { app: web } }
        spec: { nodeName: node-1, containers: [ { name: a, image: b } ] }
        status: { podIPs: [ { ip: 10.0.0.7 }, { ip: "fd00::7" } ] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: door, namespace: dev-team }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress:
          - from: [ { ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } } ]
            ports: [ { port: 80, endPort: 90 } ]
        """;

    [Theory]
    [MemberData(nameof(Offline))]
    public async Task Native_and_built_answer_alike(string line)
    {
        var native = Needs.Native();
        var folder = Directory.CreateTempSubdirectory("palisade-native-").FullName;
        try
        {
            Dictionary<string, string> files = new() { ["BAD"] = Bad, ["KUBECONFIG"] = Kubeconfig, ["NODE"] = Node };
            if (line.Contains("GENERATED", StringComparison.Ordinal))
                files["GENERATED"] = (await Shell.RunAsync(Places.Cli, ["bench", "gen", "size:200,40,10"])).Output;
            foreach (var (name, text) in files)
                await File.WriteAllTextAsync(Path.Combine(folder, name + ".yaml"), text);
            string[] arguments = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(word => files.ContainsKey(word) ? Path.Combine(folder, word + ".yaml") : word)];
            var built = await Shell.RunAsync(Places.Cli, arguments);
            Assert.NotEqual("", built.Output + built.Errors);
            Assert.Equal(built, await Shell.RunAsync(native, arguments));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Ten_manifests_are_explained()
    {
        var native = Needs.Native();
        var folder = Directory.CreateTempSubdirectory("palisade-native-").FullName;
        try
        {
            for (var i = 0; i < 5; i++)
            {
                await File.WriteAllTextAsync(Path.Combine(folder, $"pod-{i}.yaml"), $$"""
                    apiVersion: v1
                    kind: Pod
                    metadata: { name: pod-{{i}}, namespace: ten, labels: { number: "{{i}}" } }
                    spec: { containers: [ { name: a, image: b } ] }
                    """);
                await File.WriteAllTextAsync(Path.Combine(folder, $"policy-{i}.yaml"), $$"""
                    apiVersion: networking.k8s.io/v1
                    kind: NetworkPolicy
                    metadata: { name: from-{{i}}, namespace: ten }
                    spec:
                      podSelector: { matchLabels: { number: "4" } }
                      ingress:
                      - from: [ { podSelector: { matchLabels: { number: "{{i}}" } } } ]
                        ports: [ { port: 8{{i}} } ]
                    """);
            }

            var ran = await Shell.RunAsync(native, ["explain", "ten/pod-3", "ten/pod-4", "-p", "83", "-f", folder]);
            Assert.True(ran.Code == 0 && ran.Errors.Length == 0, ran.ToString());
            Assert.Contains(
                $"ten/from-3 ingress[0] from[0] ports[0] ({folder}/policy-3.yaml:", ran.Output,
                StringComparison.Ordinal);
            ran = await Shell.RunAsync(native, ["explain", "ten/pod-3", "ten/pod-4", "-p", "82", "-f", folder]);
            Assert.True(ran.Code == 1 && ran.Errors.Length == 0, ran.ToString());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_exercise_on_real_packets()
    {
        var native = Needs.Native();
        Needs.Cluster();
        var data = UpProcess.NewData();
        await using var up = UpProcess.Start([native, "up", "--demo", "--nodes", "2", "--data", data], data);
        await up.WaitReadyAsync();
        Assert.Equal(2, AgentsOf(up.Id, Path.Combine(Path.GetDirectoryName(native)!, "palisade-agent")));
        Task<Ran> Palisade(params string[] arguments) =>
            Shell.RunAsync(native, arguments, null, [new("KUBECONFIG", up.Kubeconfig)]);

        var connected = await Palisade("connect", "dev-team/stranger", "dev-team/web", "-o", "json");
        Assert.True(connected.Code == 0, connected.ToString());
        await up.KubectlAsync("apply", "-f", "examples/exercise/allow-web.yaml");
        connected = await Palisade("connect", "dev-team/stranger", "dev-team/web");
        Assert.True(connected.Code == 1, connected.ToString());
        Assert.Contains("timeout", connected.Output, StringComparison.Ordinal);
        connected = await Palisade("connect", "dev-team/frontend", "dev-team/web", "--family", "6");
        Assert.True(connected.Code == 0, connected.ToString());
        await up.KubectlAsync("apply", "-f", "examples/exercise/deny-all.yaml");
        var explained = await Palisade("explain", "dev-team/frontend", "dev-team/web");
        Assert.True(explained.Code == 1, explained.ToString());
        Assert.Contains("dev-team/deny-all", explained.Output, StringComparison.Ordinal);
        var tested = await Palisade("test", "--live", "examples/exercise/walls-and-doors.test.yaml");
        Assert.True(tested.Code == 0, tested.ToString());
        var rendered = await Palisade("render", "--node", "node-1");
        Assert.True(rendered.Code == 0, rendered.ToString());
        Assert.StartsWith("table inet palisade", rendered.Output, StringComparison.Ordinal);

        // A pod's command runs through the program itself, once more.
        await up.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata: { name: teller, namespace: dev-team }
            spec: { restartPolicy: Never, containers: [ { name: a, image: b, command: [echo, told] } ] }
            """);
        await up.KubectlAsync(
            "wait", "-n", "dev-team", "--for=jsonpath={.status.phase}=Succeeded", "pod/teller", "--timeout=30s");
        Assert.Equal(0, await up.EndAsync(ProcessControl.Interrupt));
    }

    /// <summary>How many children of a process run this program.</summary>
    private static int AgentsOf(int parent, string program) =>
        Directory.GetDirectories("/proc").Count(process =>
            int.TryParse(Path.GetFileName(process), out _)
            && ParentOf(process) == parent
            && File.ResolveLinkTarget($"{process}/exe", returnFinalTarget: false)?.FullName == program);

    private static int ParentOf(string process)
    {
        try
        {
            // pid (name) state ppid …; a name may hold spaces and brackets.
            var line = File.ReadAllText($"{process}/stat");
            return int.Parse(line[(line.LastIndexOf(')') + 2)..].Split(' ')[1]);
        }
        catch (IOException)
        {
            return 0;   // it ended meanwhile
        }
    }
}
