using System.Globalization;
using System.Security.Cryptography;
using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>
/// kubectl exec, cp, logs, attach and port-forward on a real `up`: by WebSocket as kubectl does since 1.31, and by
/// SPDY/3.1 as before.
/// </summary>
public sealed class StreamTests
{
    private const int LargeFile = 50_000_000;

    [Fact]
    public async Task Exec_and_cp_work_by_both_transports()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo");
        foreach (var kubectl in Both())
        {
            await Commands_run_in_the_pod(up, kubectl);
            await Input_and_output_are_carried_whole(up, kubectl);
            await Files_are_copied_byte_by_byte(up, kubectl);
            await A_terminal_has_the_clients_size(up, kubectl);
            await A_command_ends_when_its_client_goes(up, kubectl);
        }

        await Policies_decide_what_a_command_reaches(up);
    }

    [Fact]
    public async Task Logs_attach_and_port_forward_work_by_both_transports()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--demo");
        await up.KubectlAsync(
            "run", "talks", "--image=busybox", "--command", "--",
            "sh", "-c", "echo begins; echo wrong >&2; exec sleep 1000");
        await up.KubectlAsync("run", "crash", "--image=busybox", "--command", "--", "sh", "-c", "echo $$; exit 1");
        foreach (var kubectl in Both())
            await Ports_are_forwarded(up, kubectl);
        await Logs_are_the_output_of_the_container(up);
        foreach (var kubectl in Both())
            await A_command_can_be_joined(up, kubectl, Path.GetFileName(kubectl).Replace('.', '-'));
        await Streams_end_with_the_server(up);
    }

    /// <summary>The newest kubectl speaks WebSocket, an old one SPDY only.</summary>
    private static IEnumerable<string> Both()
    {
        var old = Places.Tool("kubectl-1.28");
        if (old is null)
            Assert.Skip("no kubectl 1.28: ./build.sh tools fetches it");
        return [Places.Kubectl!, old];
    }

    private static async Task<Ran> RunAsync(UpProcess up, string kubectl, string? input, params string[] arguments) =>
        await Shell.RunAsync(kubectl, ["--kubeconfig", up.Kubeconfig, "-n", "dev-team", .. arguments], input);

    private static async Task Commands_run_in_the_pod(UpProcess up, string kubectl)
    {
        var ran = await RunAsync(
            up, kubectl, null, "exec", "frontend", "--", "sh", "-c",
            "hostname; grep search /etc/resolv.conf; cat /proc/net/dev | grep -c :; echo oops >&2; exit 7");
        Assert.Equal("frontend\nsearch dev-team.svc.cluster.local svc.cluster.local cluster.local\n2\n", ran.Output);
        Assert.Equal("oops\ncommand terminated with exit code 7\n", ran.Errors);
        Assert.Equal(7, ran.Code);
        var missing = await RunAsync(up, kubectl, null, "exec", "frontend", "--", "no-such-program-here");
        Assert.Equal(1, missing.Code);
        Assert.StartsWith(
            "error: Internal error occurred: error executing command in container: exec: \"no-such-program-here\": " +
            "executable file not found in $PATH; pods run the programs of this machine",
            missing.Errors, StringComparison.Ordinal);
        var other = await RunAsync(up, kubectl, null, "exec", "frontend", "-c", "nobody", "--", "true");
        Assert.Equal(
            (1, "Error from server (BadRequest): container nobody is not valid for pod frontend\n"),
            (other.Code, other.Errors));
    }

    private static async Task Input_and_output_are_carried_whole(UpProcess up, string kubectl)
    {
        var text = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i} bottles\n"));
        var ran = await RunAsync(up, kubectl, text, "exec", "-i", "frontend", "--", "cat");
        Assert.Equal(0, ran.Code);
        Assert.Equal(text, ran.Output);
        // A command that reads nothing ends all the same, and what it was sent is nobody's.
        Assert.Equal(0, (await RunAsync(up, kubectl, "unread\n", "exec", "-i", "frontend", "--", "true")).Code);
    }

    private static async Task Files_are_copied_byte_by_byte(UpProcess up, string kubectl)
    {
        var work = Directory.CreateTempSubdirectory("palisade-cp-").FullName;
        try
        {
            var (there, back) = (Path.Combine(work, "there"), Path.Combine(work, "back"));
            var bytes = RandomNumberGenerator.GetBytes(LargeFile);
            await File.WriteAllBytesAsync(Path.Combine(work, "file"), bytes);
            var ran = await RunAsync(up, kubectl, null, "cp", Path.Combine(work, "file"), $"frontend:{there}");
            Assert.True(ran.Code == 0, ran.ToString());
            var copied = await File.ReadAllBytesAsync(there);
            Assert.True(bytes.AsSpan().SequenceEqual(copied), "to the pod");
            ran = await RunAsync(up, kubectl, null, "cp", $"frontend:{there}", back);
            Assert.True(ran.Code == 0, ran.ToString());
            copied = await File.ReadAllBytesAsync(back);
            Assert.True(bytes.AsSpan().SequenceEqual(copied), "from the pod");
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task A_terminal_has_the_clients_size(UpProcess up, string kubectl)
    {
        // script(1) gives kubectl a terminal, which is how it comes to have a size to tell.
        const string inside = "while [ \"$(stty size)\" = \"0 0\" ]; do sleep 0.1; done; stty size; tty; exit 3";
        var command = $"stty rows 33 cols 101; {kubectl} --kubeconfig {up.Kubeconfig} -n dev-team exec -it frontend -- "
            + $"sh -c '{inside}'";
        var ran = await Shell.RunAsync("script", ["-qec", command, "/dev/null"]);
        Assert.Equal(3, ran.Code);
        Assert.Contains("33 101\r\n/dev/pts/", ran.Output, StringComparison.Ordinal);
    }

    private static async Task A_command_ends_when_its_client_goes(UpProcess up, string kubectl)
    {
        foreach (var signal in (int[])[ProcessControl.Interrupt, ProcessControl.KillSignal])
        {
            await using var running = RunningKubectl.Start(
                up, kubectl, "-n", "dev-team", "exec", "frontend", "--", "sh", "-c", "echo id $$.; exec sleep 1000");
            var said = await running.UntilSaidAsync(".");
            var id = int.Parse(said.Split("id ")[1].Split('.')[0], CultureInfo.InvariantCulture);
            Assert.True(ProcessControl.IsAlive(id));
            running.Signal(signal);
            await Eventually.TrueAsync(() => !ProcessControl.IsAlive(id));
        }
    }

    private static async Task Policies_decide_what_a_command_reaches(UpProcess up)
    {
        Task<Ran> Ask(string pod) => RunAsync(
            up, Places.Kubectl!, null, "exec", pod, "--", "curl", "-s", "--max-time", "2", "web");
        await up.KubectlAsync("apply", "-f", "examples/exercise/allow-web.yaml");
        var frontend = await Ask("frontend");
        Assert.Equal((0, "web\n"), (frontend.Code, frontend.Output));
        var stranger = await Ask("stranger");
        // curl's code for a timeout.
        Assert.Equal((28, "command terminated with exit code 28\n"), (stranger.Code, stranger.Errors));
        await up.KubectlAsync("delete", "-f", "examples/exercise/allow-web.yaml");
        Assert.Equal("web\n", (await Ask("stranger")).Output);
    }

    private static async Task Ports_are_forwarded(UpProcess up, string kubectl)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        foreach (var target in (string[])["pod/web", "service/web"])
        {
            await using var forward = RunningKubectl.Start(
                up, kubectl, "-n", "dev-team", "port-forward", target, ":80");
            var said = await forward.UntilSaidAsync(" -> 80");
            var port = said.Split("127.0.0.1:")[1].Split(' ')[0];
            var answers = await Task.WhenAll(
                Enumerable.Range(0, 10).Select(_ => http.GetStringAsync($"http://127.0.0.1:{port}/")));
            Assert.All(answers, answer => Assert.Equal("web\n", answer));
            forward.Signal(ProcessControl.Interrupt);
            await forward.EndAsync();
        }

        await using var nobody = RunningKubectl.Start(up, kubectl, "-n", "dev-team", "port-forward", "pod/web", ":81");
        var closed = (await nobody.UntilSaidAsync(" -> 81")).Split("127.0.0.1:")[1].Split(' ')[0];
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync($"http://127.0.0.1:{closed}/"));
        await nobody.UntilSaidAsync("failed to connect to localhost:81 inside pod dev-team/web: Connection refused");
    }

    private static async Task Logs_are_the_output_of_the_container(UpProcess up)
    {
        await up.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata: { name: two, namespace: default, labels: { app: two } }
            spec:
              restartPolicy: Never
              containers:
              - name: a
                image: a
                command: [ sh, -c, "echo a1; echo a2; while [ ! -e $0 ]; do sleep 0.2; done; printf a3" ]
                args: [ GATE ]
              - { name: b, image: b, command: [ sh, -c, "echo b1" ] }
            """.Replace("GATE", Path.Combine(up.Data, "gate"), StringComparison.Ordinal));
        await up.KubectlAsync("wait", "--for=jsonpath={.status.phase}=Running", "pod/two", "--timeout=60s");
        await using var follow = RunningKubectl.Start(up, Places.Kubectl!, "logs", "-f", "two", "-c", "a");
        await follow.UntilSaidAsync("a2\n");
        Assert.Equal("a2\n", await up.KubectlAsync("logs", "two", "-c", "a", "--tail=1"));
        Assert.Equal("", await up.KubectlAsync("logs", "two", "-c", "a", "--tail=0"));
        Assert.Equal("a1\na", await up.KubectlAsync("logs", "two", "-c", "a", "--limit-bytes=4"));
        Assert.Equal("a1\na2\n", await up.KubectlAsync("logs", "two", "-c", "a", "--since=1h"));
        await File.WriteAllTextAsync(Path.Combine(up.Data, "gate"), "");
        // A log that is followed ends when the container does.
        Assert.Equal(0, await follow.EndAsync());
        Assert.EndsWith("a1\na2\na3", follow.Said, StringComparison.Ordinal);

        await up.KubectlAsync("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/two", "--timeout=60s");
        // kubectl asks for the containers in the order of a Go map, which is any.
        string[] both = ["a1\na2\na3b1\n", "b1\na1\na2\na3"];
        Assert.Contains(await up.KubectlAsync("logs", "two", "--all-containers"), both);
        Assert.Equal("a1\na2\na3", await up.KubectlAsync("logs", "-l", "app=two", "-c", "a"));
        var stamped = await up.KubectlAsync("logs", "two", "-c", "b", "--timestamps");
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z b1\n$", stamped);

        Ran previous;
        for (var asked = 0; (previous = await up.TryKubectlAsync("logs", "crash", "--previous")).Code != 0; asked++)
            Assert.True(asked < 100, previous.ToString());
        Assert.NotEqual("", previous.Output);
        var none = await up.TryKubectlAsync("logs", "talks", "--previous");
        Assert.Equal(
            "Error from server (BadRequest): previous terminated container \"talks\" in pod \"talks\" not found\n",
            none.Errors);
        Assert.Equal("", await up.KubectlAsync("logs", "frontend", "-n", "dev-team"));
        Assert.Contains("127.0.0.1 \"GET / HTTP/1.1\" 200\n", await up.KubectlAsync("logs", "web", "-n", "dev-team"),
            StringComparison.Ordinal);
    }

    private static async Task A_command_can_be_joined(UpProcess up, string kubectl, string name)
    {
        await using var joined = RunningKubectl.Start(
            up, kubectl, "run", name, "-i", "--image=busybox", "--restart=Never", "--command", "--",
            "sh", "-c", "while read word; do echo \"heard $word\"; done; exit 5");
        await joined.TypeAsync("hello\n");
        await joined.UntilSaidAsync("heard hello\n");
        await using var another = RunningKubectl.Start(up, kubectl, "attach", name);
        // It hears what comes after it has joined; until it has, the word is said again.
        for (var asked = 0; !another.Said.Contains("heard both", StringComparison.Ordinal); asked++)
        {
            Assert.True(asked < 300, another.Said);
            await joined.TypeAsync("both\n");
            await Task.Delay(200);
        }

        await up.KubectlAsync("delete", "pod", name);
        await another.EndAsync();
        await joined.EndAsync();
    }

    private static async Task Streams_end_with_the_server(UpProcess up)
    {
        await using var follow = RunningKubectl.Start(up, Places.Kubectl!, "logs", "-f", "talks");
        await using var exec = RunningKubectl.Start(
            up, Places.Kubectl!, "exec", "talks", "--", "sh", "-c", "echo on; exec sleep 1000");
        await follow.UntilSaidAsync("begins");
        await exec.UntilSaidAsync("on");
        Assert.Equal(0, await up.EndAsync(ProcessControl.Interrupt));
        await follow.EndAsync();
        Assert.NotEqual(0, await exec.EndAsync());
    }
}
