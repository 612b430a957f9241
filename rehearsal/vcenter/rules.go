package main

import (
	"slices"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// cluster answers a cluster's calls with the rules of a real vCenter.
type cluster struct {
	lockFree
	vcenter *vcenter
	cluster *simulator.ClusterComputeResource
}

// Reference implements mo.Reference.
func (c *cluster) Reference() types.ManagedObjectReference { return c.cluster.Self }

// ReconfigureComputeResourceTask changes DRS rules itself; the rest is the simulator's work.
func (c *cluster) ReconfigureComputeResourceTask(ctx *simulator.Context, r *types.ReconfigureComputeResource_Task) soap.HasFault {
	return answer(&methods.ReconfigureComputeResource_TaskBody{}, c.vcenter.start(ctx, work{
		method: "ReconfigureComputeResource_Task", subject: c.vcenter.nameOf(c.cluster), entity: c.cluster,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) {
			c.vcenter.drs.deciding.Lock()
			defer c.vcenter.drs.deciding.Unlock()
			return nil, c.reconfigure(ctx, *r)
		},
	}))
}

func (c *cluster) reconfigure(ctx *simulator.Context, request types.ReconfigureComputeResource_Task) *failure {
	var changes []types.ClusterRuleSpec
	if spec, ok := request.Spec.(*types.ClusterConfigSpecEx); ok {
		others := *spec
		changes, others.RulesSpec = spec.RulesSpec, nil
		request.Spec = &others
	}
	rules, refused := c.changedRules(changes)
	if refused != nil {
		return explained(refused)
	}
	c.setRules(ctx, c.rules()) // the simulator changes in place what others may have read
	request.This = c.cluster.Self
	_, failed := c.vcenter.inner(ctx, c.cluster, func() soap.HasFault {
		return c.cluster.ReconfigureComputeResourceTask(ctx, &request)
	})
	if failed != nil {
		return failed
	}
	c.setRules(ctx, rules)
	c.vcenter.correct(ctx, c.cluster)
	return nil
}

// setRules replaces the whole configuration, so that who has read it keeps what was read.
func (c *cluster) setRules(ctx *simulator.Context, rules []types.BaseClusterRuleInfo) {
	ctx.WithLock(c.cluster, func() {
		config := *c.cluster.ConfigurationEx.(*types.ClusterConfigInfoEx)
		config.Rule = rules
		ctx.Update(c.cluster, []types.PropertyChange{{Name: "configurationEx", Val: &config}})
	})
}

func (c *cluster) rules() (rules []types.BaseClusterRuleInfo) {
	c.vcenter.locked(c.cluster, func() {
		rules = slices.Clone(c.cluster.ConfigurationEx.(*types.ClusterConfigInfoEx).Rule)
	})
	return rules
}

// changedRules are the cluster's rules with all changes, or why one of them cannot be.
func (c *cluster) changedRules(changes []types.ClusterRuleSpec) ([]types.BaseClusterRuleInfo, types.BaseMethodFault) {
	rules := c.rules()
	for _, change := range changes {
		if change.Operation == types.ArrayUpdateOperationRemove {
			at := indexOfRule(rules, change.RemoveKey)
			if at < 0 {
				return nil, &types.InvalidArgument{InvalidProperty: "spec.rulesSpec.removeKey"}
			}
			rules = slices.Delete(rules, at, at+1)
			continue
		}
		if change.Info == nil {
			return nil, &types.InvalidArgument{InvalidProperty: "spec.rulesSpec.info"}
		}
		at := -1
		if change.Operation == types.ArrayUpdateOperationEdit {
			if at = indexOfRule(rules, change.Info.GetClusterRuleInfo().Key); at < 0 {
				return nil, &types.InvalidArgument{InvalidProperty: "spec.rulesSpec.info.key"}
			}
		}
		if refused := c.checkRule(rules, at, change.Info); refused != nil {
			return nil, refused
		}
		if at < 0 {
			rules = append(rules, c.newRule(change.Info))
		} else {
			rules[at] = editedRule(rules[at], change.Info)
		}
	}
	return rules, nil
}

// indexOfRule looks for a key, which clients send as one of several kinds of numbers.
func indexOfRule(rules []types.BaseClusterRuleInfo, key any) int {
	return slices.IndexFunc(rules, func(rule types.BaseClusterRuleInfo) bool {
		switch number := key.(type) {
		case int32:
			return rule.GetClusterRuleInfo().Key == number
		case int64:
			return int64(rule.GetClusterRuleInfo().Key) == number
		case int16:
			return rule.GetClusterRuleInfo().Key == int32(number)
		}
		return false
	})
}

// checkRule refuses names of other rules, and machines that are not in the cluster. A negative place is a new rule's.
func (c *cluster) checkRule(rules []types.BaseClusterRuleInfo, at int, wanted types.BaseClusterRuleInfo) types.BaseMethodFault {
	name := wanted.GetClusterRuleInfo().Name
	if name == "" && at < 0 {
		return &types.InvalidArgument{InvalidProperty: "spec.rulesSpec.info.name"}
	}
	for i, other := range rules {
		if i != at && other.GetClusterRuleInfo().Name == name {
			return &types.DuplicateName{Name: name, Object: c.cluster.Self}
		}
	}
	rule, isAntiAffinity := wanted.(*types.ClusterAntiAffinityRuleSpec)
	if !isAntiAffinity {
		return nil
	}
	for _, ref := range rule.Vm {
		vm, exists := c.vcenter.registry.Get(ref).(*simulator.VirtualMachine)
		if !exists {
			return &types.ManagedObjectNotFound{Obj: ref}
		}
		if c.vcenter.clusterOfMachine(vm) != c.cluster {
			return &types.InvalidArgument{InvalidProperty: "spec.rulesSpec.info.vm"}
		}
	}
	return nil
}

func (c *cluster) newRule(rule types.BaseClusterRuleInfo) types.BaseClusterRuleInfo {
	info := rule.GetClusterRuleInfo()
	c.vcenter.drs.lastRule++
	info.Key, info.RuleUuid, info.Status = c.vcenter.drs.lastRule, uuid.NewString(), types.ManagedEntityStatusGreen
	if info.UserCreated == nil {
		info.UserCreated = types.NewBool(true)
	}
	return rule
}

// editedRule keeps what the caller did not give, and what nobody can change.
func editedRule(existing, rule types.BaseClusterRuleInfo) types.BaseClusterRuleInfo {
	before, info := existing.GetClusterRuleInfo(), rule.GetClusterRuleInfo()
	info.RuleUuid, info.Status = before.RuleUuid, before.Status
	if info.Name == "" {
		info.Name = before.Name
	}
	for _, kept := range []struct{ given, existing **bool }{
		{&info.Enabled, &before.Enabled}, {&info.Mandatory, &before.Mandatory}, {&info.UserCreated, &before.UserCreated},
	} {
		if *kept.given == nil {
			*kept.given = *kept.existing
		}
	}
	return rule
}

// forgetInRules takes a machine that is gone out of all rules. The rules stay.
func (v *vcenter) forgetInRules(ctx *simulator.Context, machine types.ManagedObjectReference) {
	for _, entity := range v.registry.All("ClusterComputeResource") {
		changed := &cluster{vcenter: v, cluster: entity.(*simulator.ClusterComputeResource)}
		ctx.WithLock(changed.cluster, func() {
			rules := slices.Clone(changed.cluster.ConfigurationEx.(*types.ClusterConfigInfoEx).Rule)
			found := false
			for i, info := range rules {
				rule, isAntiAffinity := info.(*types.ClusterAntiAffinityRuleSpec)
				if !isAntiAffinity || !slices.Contains(rule.Vm, machine) {
					continue
				}
				fewer := *rule
				fewer.Vm = without(rule.Vm, machine)
				rules[i], found = &fewer, true
			}
			if found {
				changed.setRules(ctx, rules)
			}
		})
	}
}
