using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// The parts of ValidatePodSpec (pkg/apis/core/validation) that decide whether a pod makes sense here: volumes,
/// containers with
/// their ports, environment and mounts, policies and names; in its order.
/// </summary>
internal static class PodValidation
{
    public static void Check(Place spec, CauseList causes)
    {
        var volumes = Volumes(spec["volumes"], causes);
        Containers(spec["containers"], volumes, causes);
        InitContainers(spec, volumes, causes);
        OneOf(spec["restartPolicy"], causes, "Always", "OnFailure", "Never");
        OneOf(spec["dnsPolicy"], causes, "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
        MetadataValidation.Labels(spec["nodeSelector"], causes);
        Named(spec["serviceAccountName"], Names.Subdomain, causes);
        Named(spec["nodeName"], Names.Subdomain, causes);
        var deadline = spec["activeDeadlineSeconds"];
        if (deadline.IsPresent && deadline.Number is < 1 or > int.MaxValue)
            causes.Invalid(deadline, deadline.Number, "must be between 1 and 2147483647, inclusive");
        Named(spec["hostname"], Names.Label, causes);
        Named(spec["subdomain"], Names.Label, causes);
    }

    private static HashSet<string> Volumes(Place volumes, CauseList causes)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var volume in volumes.Items())
        {
            var name = volume["name"];
            if (name.Text.Length == 0)
                causes.Required(name);
            else
                causes.Invalid(name, name.Text, Names.Label(name.Text));
            if (name.Text.Length > 0 && !names.Add(name.Text))
                causes.Duplicate(name, name.Text);
        }

        return names;
    }

    private static void Containers(Place containers, HashSet<string> volumes, CauseList causes)
    {
        if (containers.Count == 0)
        {
            causes.Required(containers);
            return;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var container in containers.Items())
        {
            Container(container, volumes, causes);
            if (!names.Add(container["name"].Text))
                causes.Duplicate(container["name"], container["name"].Text);
        }
    }

    private static void InitContainers(Place spec, HashSet<string> volumes, CauseList causes)
    {
        var names = spec["containers"].Items().Select(c => c["name"].Text).ToHashSet(StringComparer.Ordinal);
        foreach (var container in spec["initContainers"].Items())
        {
            Container(container, volumes, causes);
            var name = container["name"];
            if (name.Text.Length > 0 && !names.Add(name.Text))
                causes.Duplicate(name, name.Text);
            var restart = container["restartPolicy"];
            if (restart.IsPresent && restart.Text != "Always")
                causes.NotSupported(restart, restart.Text, "Always");
        }
    }

    private static void Container(Place container, HashSet<string> volumes, CauseList causes)
    {
        var name = container["name"];
        if (name.Text.Length == 0)
            causes.Required(name);
        else
            causes.Invalid(name, name.Text, Names.Label(name.Text));
        var image = container["image"];
        if (image.Text.Length == 0)
            causes.Required(image);
        else if (image.Text.Trim() != image.Text)
            causes.Invalid(image, image.Text, "must not have leading or trailing whitespace");
        OneOf(container["terminationMessagePolicy"], causes, "FallbackToLogsOnError", "File");
        Ports(container["ports"], causes);
        foreach (var variable in container["env"].Items())
        {
            var key = variable["name"];
            if (key.Text.Length == 0)
                causes.Required(key);
            else
                causes.Invalid(key, key.Text, Names.EnvironmentName(key.Text));
        }

        Mounts(container["volumeMounts"], volumes, causes);
        OneOf(container["imagePullPolicy"], causes, "Always", "IfNotPresent", "Never");
    }

    private static void Mounts(Place mounts, HashSet<string> volumes, CauseList causes)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var mount in mounts.Items())
        {
            var (name, path) = (mount["name"], mount["mountPath"]);
            if (name.Text.Length == 0)
                causes.Required(name);
            else if (!volumes.Contains(name.Text))
                causes.NotFound(name, name.Text);
            if (path.Text.Length == 0)
                causes.Required(path);
            else if (!paths.Add(path.Text))
                causes.Invalid(path, path.Text, "must be unique");
        }
    }

    private static void Ports(Place ports, CauseList causes)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var port in ports.Items())
        {
            PortName(port["name"], names, causes);
            var number = port["containerPort"];
            if (number.Number == 0)
                causes.Required(number);
            else
                PortNumber(number, causes);
            var host = port["hostPort"];
            if (host.Number != 0)
                PortNumber(host, causes);
            var protocol = port["protocol"];
            if (protocol.Text.Length == 0)
                causes.Required(protocol);
            else if (protocol.Text is not ("TCP" or "UDP" or "SCTP"))
                causes.NotSupported(protocol, protocol.Text, "SCTP", "TCP", "UDP");
        }
    }

    private static void PortName(Place name, HashSet<string> names, CauseList causes)
    {
        if (name.Text.Length == 0)
            return;
        var problems = Names.PortName(name.Text).ToArray();
        causes.Invalid(name, name.Text, problems);
        if (problems.Length == 0 && !names.Add(name.Text))
            causes.Duplicate(name, name.Text);
    }

    private static void PortNumber(Place number, CauseList causes)
    {
        foreach (var problem in Names.PortNumber(number.Number))
            causes.Invalid(number, number.Number, problem);
    }

    private static void OneOf(Place place, CauseList causes, params string[] values)
    {
        if (place.Text.Length > 0 && !values.Contains(place.Text))
            causes.NotSupported(place, place.Text, values);
    }

    private static void Named(Place place, Func<string, IEnumerable<string>> rule, CauseList causes)
    {
        if (place.Text.Length > 0)
            causes.Invalid(place, place.Text, rule(place.Text));
    }
}
