//! What the registry does while epochs go on: it announces changes of the map and tells each epoch, in
//! documents that one node hears from it, and all others from each other.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use node::Input;
use order::{Change, Phase, Plan};
use words::Time;

use super::World;
use crate::setting::CALENDAR;

impl World<'_> {
    /// Announces a change of the map. If epochs are to have another length, the present one begins anew.
    ///
    /// # Errors
    ///
    /// If the change does not fit the map.
    pub(in crate::norder::full) fn announce(
        &mut self,
        change: Change,
        length: Duration,
    ) -> anyhow::Result<()> {
        let now = CALENDAR.plus(self.now.since(Time::ZERO));
        let new = self.setting.meshes.map.changed(change)?;
        self.setting.tell(now, |meshes| {
            if meshes.epoch.length != length {
                (meshes.epoch.length, meshes.epoch.began) = (length, now);
            }
            meshes.plan = Some(Plan { change, epoch: meshes.epoch.number });
            Ok(())
        })?;
        self.tables.know(&new);
        self.publish();
        Ok(())
    }

    /// Lets epochs go on, each of this length, from now on.
    ///
    /// # Errors
    ///
    /// What cannot be encoded.
    pub(in crate::norder::full) fn go_on(&mut self, length: Duration) -> anyhow::Result<()> {
        let now = CALENDAR.plus(self.now.since(Time::ZERO));
        self.setting.tell(now, |meshes| {
            (meshes.epoch.length, meshes.epoch.began) = (length, now);
            Ok(())
        })?;
        self.publish();
        Ok(())
    }

    /// Tells the next epoch, with the map that is in force in it, and elects for it.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub(in crate::norder::full) fn next_epoch(&mut self) -> anyhow::Result<()> {
        let now = CALENDAR.plus(self.now.since(Time::ZERO));
        let chain = self.setting.chain();
        self.setting.tell(now, |meshes| {
            let part = chain.after(&meshes.epoch.part).context("no epoch is left")?;
            meshes.epoch = meshes.epoch.next(part, &[])?;
            let number = meshes.epoch.number;
            if let Some(plan) = meshes.plan.take_if(|plan| plan.phase(number) == Phase::Done) {
                meshes.map = plan.map(&meshes.map, number)?;
            }
            Ok(())
        })?;
        let meshes = &self.setting.meshes;
        self.web = Rc::new(self.web.later(meshes.map.clone(), meshes.epoch.clone())?);
        self.publish();
        Ok(())
    }

    /// Tells a node that is drawn of the new document.
    fn publish(&mut self) {
        let epoch = &self.setting.meshes.epoch;
        let end = epoch.began.plus(epoch.length);
        self.epoch_ends = Some(Time::ZERO + end.since(CALENDAR));
        let mut all: Vec<usize> = (0..self.web.nodes()).filter(|node| self.lives(*node)).collect();
        let drawn = self.dice.draw(&mut all, 1);
        let document = self.setting.document().to_vec();
        for node in drawn {
            self.tell(crate::number::small(node), Input::Document(&document));
        }
    }
}
